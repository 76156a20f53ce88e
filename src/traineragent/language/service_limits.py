"""What a time, a size or a rate bounds: how fast the service answers, what it may weigh, how long training may take.

Tells them from times of what happens, ages and errors of the answers. Knows no metrics of the answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..knowledge.lexicons import lexicon
from .bounds import side_of
from .limits import Limit
from .quantities import Quantity
from .reading import Reading, Span

KINDS = {"time", "size", "rate", "fps"}
SHORT = ("ns", "ms", "us", "tenth_s", "hundredth_s", "quarter_s", "eighth_s", "half_s")
_LEAST_DEADLINE = 20_000.0  # ms; "done within 2 s" speaks of an answer, "done within 20 s" of the training
_ANSWERED = ("classification", "generation", "grounding", "tokens")  # where a time apiece is no error of it
_ON_CARDS = ("generation",)  # where the card that there is bounds what can be learned and drawn
_LONGEST_WAIT = 86_400_000.0  # ms; whoever has days has them of data
_LONGEST_ANSWER = 3_600_000.0  # ms
_NEXT = 16  # characters beside a number in which its bound stands
_PART = 40  # characters between a whole and the part of it that counts
_INSIDE = re.compile(r"\b(?:in|within|after|nach|binnen|dans|en|em|dentro de|in meno di|entro)\s+$")
_PAST = re.compile(
    r"\b(?:last|past|previous|prior|recent|first|letzte[nrms]?|vergangene[nrms]?|dernier[es]{0,2}|ultim[oa]s|pasad[oa]s|passad[oa]s)\s+$|"
    r"(?:过去|最近|पिछले)\s*$"
)
"""What stands before a time that data comes from."""
_OPENING = re.compile(r"\b(?:and|but|please|then|und|aber|bitte|et|y|e|ed|also|all|just)\b")
_CARD = re.compile(
    r"\s*(?:of\s+)?(?:graphics\s|video\s|gpu\s|gaming\s|nvidia\s)?(?:card|grafikkarte|gpu(?!\s*(?:memory|ram)))(?!\w)"
)
_STORED_ON = re.compile(
    r"\b(?:(?:memory|sd|sim|micro\s?sd|flash)[\s-]*(?:card|stick|drive)s?|usb[\s-]*(?:stick|key|drive)s?|speicherkarten?|usb-stick\w*|"
    r"cartes? memoire|cles? usb|tarjetas? de memoria|memorias? usb|cartao de memoria|pendrives?)\b|存储卡|内存卡|u盘"
)
"""What pictures and files lie on, however large it is."""
_KEPT_ON = re.compile(
    r"\b(?:sits?|lies?|lay|stored|saved|kept|lives?|copied|comes?|are|is)\s(?:\w+\s){0,2}on\s(?:an?|the|one|my|our)\s$"
)
"""Before the size of a card that pictures are kept on."""
_FITS = re.compile(r"\b(?:fits?|fitting|squeez\w*|no more than|at most|within|exceed\w*|only|max)\b")
_FRAMES = re.compile(r"frame|fps|fotogram|quadro|cadre|帧")
"""In a rate of pictures that a camera makes, each of which has to be judged before the next one comes."""
_LIVE = re.compile(r"\blive\b|real[\s-]time|echtzeit|temps reel|tiempo real|tempo real|实时")
_PERCENTILES = {0.99: "latency_ms_p99", 0.95: "latency_ms_p95", 0.5: "latency_ms_p50"}
_OF_REQUESTS = re.compile(
    r"\s*(?:(?:of|der|aller|von|des|de|dos|das|delle|ki)\s+)?(?:(?:all|the|our|its|den|las|los|les|toutes|cada)\s+)*"
    r"(?:requests?|calls|queries|answers|replies|responses|lookups|predictions|cases|times?|anfragen|antworten|aufrufen?|abfragen|"
    r"fallen|requetes|reponses|appels|cas|peticiones|respuestas|consultas|llamadas|veces|casos|requisicoes|respostas|chamadas|"
    r"vezes|richieste|risposte|casi|them|ihnen)(?!\w)|\s*的?(?:请求|回答|查询|响应|调用|情况|预测)"
)
"""Behind a share that is one of answers: "99 % of requests within 100 ms", "in 99 of 100 cases"."""


_DONE = re.compile(
    r"\s(?:of|der|des|de|del|dos|das)\s[^.;:!?\d]{1,40}\b(?:done|answered|ready|back|through|processed|handled|finished|served|scored|"
    r"fertig|beantwortet|bearbeitet|traite\w*|pret\w*|list[oa]s|procesad[oa]s|pront[oa]s|processad[oa]s)\s"
    r"(?:in|within|inside|under|binnen|innerhalb|en|em|dans|dentro)\b"
)
"""The same of whatever is answered: "99 % of notes have to be done in 0.3 s"."""


class Service:
    """What the numbers with a unit of time, size or rate bound in one request for a kind of task."""

    def __init__(self, reading: Reading, task: str) -> None:
        self.reading, self.task = reading, task

    def limit(self, q: Quantity, free: Sequence[Quantity]) -> tuple[Limit, tuple[Quantity, ...]] | None:
        """The limit that a quantity tells, with all the quantities among `free` that it is made of."""
        if q.kind == "time":
            return self._time(q, free)
        if q.kind == "size":
            return self._size(q, free)
        told = self._rate(q) if q.kind == "rate" else self._frames(q)
        return (told, (q,)) if told else None

    def is_deadline(self, q: Quantity) -> bool:
        """ "finish within two minutes", "be done in half an hour": an order to who trains; it opens a clause."""
        if q.kind != "time" or q.value < _LEAST_DEADLINE:
            return False
        start, end = self.reading.text.clause_of(q.start)
        orders = self.reading.where("service", "deadline", (start, end))
        return bool(orders) and not re.search(r"\w", _OPENING.sub("", self.reading.masked[start : orders[0][0]]))

    def is_latency(self, q: Quantity) -> bool:
        """A short time beside words of answering is no error of the prediction, unless words say that it is one."""
        if q.kind != "time" or (q.unit not in SHORT and q.unit != "s"):
            return False
        clause = self.reading.text.clause_of(q.start)
        average = self.reading.where("service", "on_average", clause)
        if any(span not in average for span in self.reading.where("service", "deviation", clause)):
            return False
        return self._near("latency", q, 30) or (not average and (q.unit in SHORT or self._near("within", q, 30)))

    def _is_allowance(self, q: Quantity) -> bool:
        """ "I've got ten minutes for it": a time that the one who asks has for everything."""
        if q.kind != "time" or q.value < _LEAST_DEADLINE or (self.task == "forecasting" and q.value >= _LONGEST_WAIT):
            return False
        start = self.reading.text.clause_of(q.start)[0]
        if self.reading.said("service", "rows_themselves", (start, q.start)):
            return False
        spans = self.reading.where("service", "allowance", self.reading.text.sentence_of(q.start))
        return any(start <= q.start and q.end <= end for start, end in spans)

    def _is_said_to_last(self, q: Quantity) -> bool:
        """ "Training may take one second", "das Lernen darf eine Sekunde dauern": a bound without a word of bounds."""
        spans = self.reading.where("service", "training_lasts", self.reading.text.sentence_of(q.start))
        return any(start <= q.start and q.end <= end for start, end in spans)

    def _is_in_all(self, q: Quantity) -> bool:
        """ "Train on all of them in half a second altogether": less than a second, but not the time of an answer."""
        behind = self.reading.text.sentence_of(q.start)
        told = self.reading.where("service", "in_all", (q.end, min(behind[1], q.end + _NEXT)))
        return self._near("training", q) and any(not re.search(r"\w", self.reading.masked[q.end : a]) for a, _ in told)

    def _is_of_an_event(self, q: Quantity) -> bool:
        """Whether a time says how late or how old something is: "20 minutes late", "four-year-olds"."""
        stop = min(self.reading.text.sentence_of(q.start)[1], q.end + _NEXT)
        said = self.reading.where("service", "of_events", (q.end, stop))
        return any(not re.search(r"[\w,;]", self.reading.masked[q.end : start]) for start, _ in said)

    def _is_history(self, q: Quantity) -> bool:
        """Whether a time is one that data comes from: "the last twelve weeks of training"."""
        return _PAST.search(self.reading.text.plain, 0, q.start) is not None

    def _near(self, key: str, q: Quantity, reach: int = 60) -> bool:
        sentence = self.reading.text.sentence_of(q.start)
        return self.reading.said("service", key, (max(sentence[0], q.start - reach), min(sentence[1], q.end + reach)))

    def _bounded(self, q: Quantity, reach: int = 22) -> bool:
        return self._near("comparator", q, reach) or side_of(self.reading, q) == "high"

    def _time(self, q: Quantity, free: Sequence[Quantity]) -> tuple[Limit, tuple[Quantity, ...]] | None:
        if self._is_of_an_event(q) or self._is_history(q):
            return None
        training = Limit("train_minutes", q.value / 60000, q, q.start), (q,)
        if self.is_deadline(q) or self._is_allowance(q):
            return training
        if q.value < 1000 and self._is_in_all(q):
            return training
        if self._near("training", q) and q.value >= 1000 and q.unit not in SHORT:
            inside = q.value <= _LONGEST_WAIT and _INSIDE.search(self.reading.text.plain[: q.start])
            bounded = self._bounded(q, 40) or inside
            return training if bounded or self._is_said_to_last(q) else None
        if not self._is_of_an_answer(q):
            return None
        name, used = self._percentile(q, free)
        return Limit(name, q.value, q, q.start), (q, *used)

    def _is_of_an_answer(self, q: Quantity) -> bool:
        """Whether a time that no training takes is one that an answer may take."""
        sentence = self.reading.text.sentence_of(q.start)
        if q.unit in SHORT:
            return True
        if q.unit == "s" and (self._bounded(q) or self._near("latency", q) or self._near("within", q)):
            return True
        if self.reading.said("horizon", "coming", (max(sentence[0], q.start - _NEXT), q.start)):
            return False  # "within the next ten minutes" is when it is to happen
        apiece = self.reading.where("service", "apiece", (q.end, min(sentence[1], q.end + _NEXT)))
        if any(not self.reading.masked[q.end : a].strip() for a, _ in apiece) and self.task in _ANSWERED:
            return self._bounded(q, 40)
        if self.reading.said("service", "rows_themselves", (self.reading.text.clause_of(q.start)[0], q.start)):
            return False
        answers = q.unit == "min" and q.value <= _LONGEST_ANSWER and self._near("latency", q, 30)
        return answers and self._bounded_beside(q) and side_of(self.reading, q) != "low"

    def _bounded_beside(self, q: Quantity) -> bool:
        """Whether nothing parts a time from a bound: not "stops the press for 25 minutes, so at least 85 %"."""
        sentence, masked = self.reading.text.sentence_of(q.start), self.reading.masked
        before = self.reading.where("service", "comparator", (max(sentence[0], q.start - _NEXT * 2), q.start))
        behind = self.reading.where("service", "comparator", (q.end, min(sentence[1], q.end + _NEXT)))
        near = any(len(masked[end : q.start].split()) <= 1 for _, end in before)
        return (
            near
            or any(not masked[q.end : start].strip(" ,") for start, _ in behind)
            or side_of(self.reading, q) == "high"
        )

    def _percentile(self, q: Quantity, free: Sequence[Quantity]) -> tuple[str, tuple[Quantity, ...]]:
        """(name, shares it is made of): of which part of the answers a time is told."""
        sentence = self.reading.text.sentence_of(q.start)
        around = (max(sentence[0], q.start - 40), min(sentence[1], q.end + 50))
        for span in (self.reading.text.clause_of(q.start), around):
            for key, name in (("percentile", "latency_ms_p99"), ("median", "latency_ms_p50")):
                if self.reading.said("service", key, span):
                    return name, ()
        for share in [x for x in free if x.kind == "share" and sentence[0] <= x.start < sentence[1]]:
            near = self.reading.text.clause_of(share.start) == self.reading.text.clause_of(q.start)
            if (near or share.value in _PERCENTILES) and self._is_of_requests(share):
                return _PERCENTILES[min(_PERCENTILES, key=lambda p: abs(p - share.value))], (share,)
        return "latency_ms_p95", ()

    def of_most(self, q: Quantity, free: Sequence[Quantity]) -> tuple[Limit, tuple[Quantity, ...]] | None:
        """The limit of a time that a share of the answers has to keep to: "99 of 100 calls answered inside 60 ms"."""
        if q.kind != "time" or not any(self._is_of_requests(x) for x in free if x.kind == "share"):
            return None
        told = self._time(q, free)
        return told if told and len(told[1]) > 1 else None

    def _is_of_requests(self, share: Quantity) -> bool:
        plain = self.reading.text.plain
        return bool(
            _OF_REQUESTS.match(plain, share.end) or _OF_REQUESTS.match(share.noun) or _DONE.match(plain, share.end)
        )

    def _size(self, q: Quantity, free: Sequence[Quantity]) -> tuple[Limit, tuple[Quantity, ...]] | None:
        name = self._what_is_so_large(q)
        if name is None:
            return None
        value, used = self._part_of(q, free)
        return Limit(name, value, q, q.start), (q, *used)

    def _what_is_so_large(self, q: Quantity) -> str | None:
        """What the size is of: the word nearest before it, or right behind it ("64 KB RAM")."""
        sentence = self.reading.text.sentence_of(q.start)
        if self._is_of_a_card(q):
            return "gpu_memory_mb"
        if re.search(r"(?:gpu|vram)\W*$", self.reading.masked[sentence[0] : q.start]):
            return "gpu_memory_mb"
        if self.reading.said("service", "card_has", (sentence[0], q.end)):
            return "gpu_memory_mb"
        if _CARD.match(self.reading.text.plain, q.end):
            kept = _KEPT_ON.search(self.reading.text.plain, self.reading.text.clause_of(q.start)[0], q.start)
            trained_there = self.task in _ON_CARDS and not kept
            fits = _FITS.search(self.reading.text.plain[slice(*sentence)])
            return "gpu_memory_mb" if trained_there or fits else None
        if _STORED_ON.search(self.reading.text.plain, *self.reading.text.clause_of(q.start)):
            return None
        nearest: tuple[int, str] | None = None
        for key in ("gpu_memory", "memory", "machine", "size"):
            for start, end in self.reading.where("service", key, sentence):
                if self._other_size_between(q, start) or "," in self.reading.masked[q.end : start]:
                    continue
                distance = q.start - end if end <= q.start else (0 if start - q.end <= 4 else 2 * (start - q.end))
                if 0 <= distance <= 45 and (nearest is None or distance < nearest[0]):
                    nearest = distance, key
        what = nearest[1] if nearest else "size"
        if what == "machine" and not self._bounded(q, 14):
            return None
        return {"gpu_memory": "gpu_memory_mb", "memory": "memory_mb"}.get(what, "size_mb")

    def _is_of_a_card(self, q: Quantity) -> bool:
        """Whether "its memory" beside a size is that of the graphics card spoken of before it."""
        sentence, clause = self.reading.text.sentence_of(q.start), self.reading.text.clause_of(q.start)
        said = self.reading.where("service", "its_memory", clause)
        return any(self.reading.said("service", "card", (sentence[0], start)) for start, _ in said)

    def _part_of(self, q: Quantity, free: Sequence[Quantity]) -> tuple[float, tuple[Quantity, ...]]:
        """ "64 MB of RAM, of which your model may take 16": the part of a size that is there for the model, with the
        quantity that tells it."""
        sentence = self.reading.text.sentence_of(q.start)
        behind = [x for x in free if q.end < x.start < sentence[1] and x.kind in ("share", "number", "size")]
        part = min(behind, key=lambda x: x.start, default=None)
        if part is None or part.start - q.end > 2 * _PART:
            return q.value, ()
        said = self.reading.where("service", "of_which", (q.end, sentence[1]))
        if not any(self._joins(span, part) for span in said):
            return q.value, ()
        value = {"share": part.value * q.value, "size": part.value}.get(part.kind, part.value * _one_of(q))
        stop = self.reading.text.clause_of(part.start)[1]
        value = q.value - value if self.reading.said("service", "taken", (part.start, stop)) else value
        return (value, (part,)) if 0 < value < q.value else (q.value, ())

    def _joins(self, span: Span, part: Quantity) -> bool:
        """Whether "of which" stands before a part, or right behind it: "half of that"."""
        return -1 <= span[0] - part.end <= 1 or 0 <= part.start - span[1] <= _PART

    def _other_size_between(self, q: Quantity, at: int) -> bool:
        """Whether a word at this place stands nearer to another size: "1 MB, with 2 GB of memory"."""
        low, high = min(q.start, at), max(q.start, at)
        return any(o.kind == "size" and o is not q and low <= o.start < high for o in self.reading.quantities)

    def _rate(self, q: Quantity) -> Limit | None:
        if self.reading.said("service", "one_by_one", self.reading.text.sentence_of(q.start)):
            return Limit("latency_ms_p95", 1000 / q.value, q, q.start)  # each comes alone and leaves so much time
        return Limit("throughput_rows_s", q.value, q, q.start)

    def _frames(self, q: Quantity) -> Limit | None:
        """The time of one picture where they come one by one, as frames do; a rate where many are got through."""
        clause, plain = self.reading.text.clause_of(q.start), self.reading.text.plain
        live = bool(_FRAMES.search(plain, q.start, q.end) or _LIVE.search(plain, *clause))
        live = live or self.reading.said("service", "one_by_one", clause)
        if not live and self.reading.said("service", "got_through", clause):
            return Limit("throughput_rows_s", q.value, q, q.start)
        return Limit("latency_ms_p95", 1000 / q.value, q, q.start) if q.value else None


def _one_of(q: Quantity) -> float:
    return float(lexicon("units")["size"].get(q.unit, [1.0])[0])
