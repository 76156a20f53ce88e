"""Words that say what a column or a class is: yes and no, currencies, names of ids, times and entities.

Content decides first; these words settle what content leaves open. It knows nothing of tables.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRUE_WORDS = (
    *("yes", "y", "true", "t", "1", "on"),
    *("ja", "oui", "si", "sí", "sim", "da", "да", "是", "はい"),
    "wahr",
    "vrai",
)
FALSE_WORDS = (
    *("no", "n", "false", "f", "0", "off"),
    *("nein", "non", "não", "nao", "ne", "нет", "否", "いいえ"),
    *("falsch", "faux"),
)
YES_NO_PAIRS = (
    *(("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("1", "0"), ("on", "off"), ("ja", "nein")),
    *(("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não"), ("sim", "nao"), ("да", "нет"), ("是", "否")),
    *(("wahr", "falsch"), ("vrai", "faux"), ("はい", "いいえ"), ("da", "nu"), ("da", "ne")),
)

ID_NAMES = _words(
    "id ids key uuid guid index idx no nr num number code ref reference rowid serial sno identifier passport ssn iban"
)
TIME_NAMES = _words("date time datetime timestamp ts epoch day created updated at when datum zeit fecha data 日期 时间")
YEAR_NAMES = _words("year years yr jahr jahre annee année an ano año anno 年 年份")
ENTITIES = _words(
    """patient subject user customer client person participant member student pupil employee household family device
    machine engine sensor vehicle session speaker writer author animal account player driver respondent case visit
    kunde kundin proband nutzer sujet usuario paciente cliente"""
)

CURRENCIES = _words(
    """usd us$ r$ eur gbp chf jpy cny rmb inr rs rs. aud cad nzd sek nok dkk kr kr. pln zł czk kč huf ft brl mxn zar try
    tl rub krw hkd sgd thb c$ a$ nt$ hk$ s$"""
)
CURRENCY_SIGNS = {
    "usd": "$",
    "us$": "$",
    "eur": "€",
    "gbp": "£",
    "inr": "₹",
    "rs": "₹",
    "rs.": "₹",
    "jpy": "¥",
    "kr.": "kr",
}
MULTIPLIERS = _words("k m b t mn mio mio. bn mrd mrd. tsd lakh crore million billion thousand th hundred")

POSITIVE = _words(
    """yes y true t 1 positive pos sick ill disease diseased malignant cancer fraud fraudulent churn churned left leaves
    exited gone lost default defaulted bad spam fail failed failure faulty defect defective broken attack anomaly
    abnormal intrusion toxic bankrupt survived bought purchased subscribed clicked converted won win success accepted
    approved cancelled canceled returned hired promoted infected present high unsafe offensive hate ja oui si sí sim da
    да 是 wahr"""
)
NEGATIVE = _words(
    """no n false f 0 negative neg healthy well benign normal legit legitimate genuine stayed stays retained active
    existing ham good repaid paid ok okay pass passed clean safe absent none low died nein non não nao
    nee нет 否 falsch"""
)
NEGATIONS = _words("no not non never without didn nicht kein keine pas sin")
