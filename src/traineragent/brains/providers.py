"""Where a language model answers: a name like "openai:MODEL" becomes a connection, through pydantic-ai.

Every request is bounded in time, size and redirects, never retried behind our back, and its keys never leave this file:
what comes back or goes wrong is cleaned of them. Knows nothing of questions, budgets or runs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import threading
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any
from urllib.parse import urlsplit

from ..config import SECRET_NAME
from ..errors import InputError, MissingExtra

MOST_BYTES = 2_000_000  # of a reply; an answer has a few thousand
IMPORT_S = 90.0  # for the packages on a busy machine
GRACE_S = 1.0  # for a request that was told to end
TOOL = "answer"
_HIDDEN = "•••"
_LEAST_SECRET = 8  # characters; shorter values would blot out ordinary words


@dataclass(frozen=True)
class Provider:
    """`keys`: variables that may hold the key. `base`: variables that may hold the address, else `address`."""

    name: str
    keys: tuple[str, ...]
    base: tuple[str, ...]
    address: str
    keyless: bool = False  # runs on one's own machine, where no key is needed and nothing is charged

    def key(self, environment: Mapping[str, str]) -> str | None:
        return next((environment[k] for k in self.keys if environment.get(k)), None)

    def base_url(self, environment: Mapping[str, str]) -> str | None:
        """The address that the environment names; None where the usual one is meant."""
        found = next((environment[b] for b in self.base if environment.get(b)), None)
        if found is None or "://" in found:
            return found
        return f"http://{found}"  # OLLAMA_HOST is often written without a scheme


PROVIDERS: Mapping[str, Provider] = {
    p.name: p
    for p in (
        Provider("openai", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL",), "https://api.openai.com/v1"),
        Provider("anthropic", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL",), "https://api.anthropic.com"),
        Provider(
            "google",
            ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
            ("GOOGLE_GEMINI_BASE_URL",),
            "https://generativelanguage.googleapis.com",
        ),
        Provider(
            "ollama",
            ("OLLAMA_API_KEY",),
            ("OLLAMA_BASE_URL", "OLLAMA_HOST"),
            "http://127.0.0.1:11434/v1",
            keyless=True,
        ),
    )
}


@dataclass(frozen=True)
class Reply:
    """What came back: the arguments of the tool call or the text, and the tokens used (None where nothing was said)."""

    text: str
    tokens_in: int | None
    tokens_out: int | None


class CallFailed(Exception):
    """No reply. `kind`: "timeout", "busy" (429, 503), "server", "refused" (key or request), "connection", "reply".
    `retry_after_s` is what the provider asked for; `charged`: it may have worked on the request."""

    def __init__(self, kind: str, note: str, *, retry_after_s: float | None = None, charged: bool = False) -> None:
        super().__init__(note)
        self.kind, self.retry_after_s, self.charged = kind, retry_after_s, charged


def parse(brain: str) -> tuple[Provider, str]:
    """The provider and model of "provider:model". Raises InputError that lists what there is."""
    name, separator, model = brain.partition(":")
    if not separator or name not in PROVIDERS or not model.strip():
        raise InputError(
            f"there is no brain {brain!r}; take --brain planner (embedded, no key) or --brain PROVIDER:MODEL with one "
            f"of {', '.join(PROVIDERS)}; any OpenAI-compatible server is openai:MODEL with OPENAI_BASE_URL set"
        )
    return PROVIDERS[name], model.strip()


def require(brain: str, environment: Mapping[str, str] = os.environ) -> None:
    """Raises InputError or MissingExtra when this brain cannot even be asked: no key, no package, no such name."""
    provider, _ = parse(brain)
    _require_package(brain)
    local = provider.name == "openai" and provider.base_url(environment) is not None
    if provider.key(environment) is None and not provider.keyless and not local:
        raise InputError(
            f"--brain {brain} needs a key: set the environment variable {' or '.join(provider.keys)}, or use the "
            "embedded planner (--brain planner), which needs none"
        )


def _require_package(brain: str) -> None:
    from importlib.util import find_spec

    needed = {"anthropic": "anthropic", "google": "google.genai"}.get(parse(brain)[0].name, "openai")
    for package in ("pydantic_ai", needed.partition(".")[0]):
        if find_spec(package) is None:
            raise MissingExtra(package.replace("_", "-"), "llm", f"--brain {brain}")


def secrets(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Values of the environment that nobody may see in a journal, a report or a log, the longest first."""
    found = {v for k, v in environment.items() if SECRET_NAME.search(k) and len(v) >= _LEAST_SECRET}
    found |= {m for v in environment.values() if "://" in v and (m := urlsplit_password(v))}
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def urlsplit_password(address: str) -> str:
    """The password in an address, "" where there is none."""
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def redacted(text: str, hidden: Sequence[str]) -> str:
    """The text without the secrets, wherever they were echoed, also as JSON escapes them."""
    for secret in hidden:
        text = text.replace(secret, _HIDDEN).replace(json.dumps(secret)[1:-1], _HIDDEN)
    return text


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Connection:
    """Asks one model. The packages that speak to providers are imported with the first request, or by `warm`."""

    def __init__(self, brain: str, environment: Mapping[str, str] = os.environ) -> None:
        self.brain = brain
        self.provider, self.model = parse(brain)
        self._environment = environment
        self._hidden = secrets(environment)
        self._imports: threading.Thread | None = None

    def warm(self) -> None:
        """Imports what requests need in a thread, because that takes seconds and nobody has to wait yet."""
        if self._imports is None:
            self._imports = threading.Thread(target=_packages, args=(self.provider.name,), daemon=True)
            self._imports.start()

    def ready(self) -> None:
        """Waits until requests can be made, so that the time for importing is not taken for a slow provider's.
        Raises CallFailed where that takes too long."""
        self.warm()
        assert self._imports is not None
        self._imports.join(IMPORT_S)
        if self._imports.is_alive():
            raise CallFailed("connection", "the packages that speak to the provider are still being loaded")

    def ask(
        self,
        messages: Sequence[tuple[str, str]],
        schema: Mapping[str, Any],
        *,
        timeout_s: float,
        most_tokens: int,
        key: str,
    ) -> Reply:
        """One request. `messages`: (role, text) with the roles system, user and assistant; `schema` of the tool that
        gives the answer; `key` names the request, so that a provider which knows such keys works on it once.
        Returns within `timeout_s` and a grace. Raises CallFailed."""
        done: dict[str, Any] = {}

        def work() -> None:
            try:
                done["reply"] = asyncio.run(
                    asyncio.wait_for(self._request(messages, schema, timeout_s, most_tokens, key), timeout_s)
                )
            except BaseException as e:  # noqa: BLE001 - whatever a provider's package raises is a call that failed
                done["error"] = e

        thread = threading.Thread(target=work, daemon=True, name="llm-call")
        began = monotonic()
        thread.start()
        thread.join(timeout_s + GRACE_S)
        if "reply" in done:
            reply: Reply = done["reply"]
            return Reply(redacted(reply.text, self._hidden), reply.tokens_in, reply.tokens_out)
        error = done.get("error")
        if error is None or isinstance(error, TimeoutError | asyncio.CancelledError):
            raise CallFailed("timeout", f"no reply within {monotonic() - began:.0f} s", charged=True)
        raise self._in_words(error) from None

    async def _request(
        self,
        messages: Sequence[tuple[str, str]],
        schema: Mapping[str, Any],
        timeout_s: float,
        most_tokens: int,
        key: str,
    ) -> Reply:
        _packages(self.provider.name)
        import httpx2
        from pydantic_ai.direct import model_request
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.tools import ToolDefinition

        tool = ToolDefinition(
            name=TOOL, description="Gives the answer.", parameters_json_schema=dict(schema), kind="output"
        )
        hooks: Any = {"response": [_limit_size]}
        async with httpx2.AsyncClient(
            timeout=timeout_s, event_hooks=hooks, headers={"Accept-Encoding": "identity"}
        ) as client:
            response = await model_request(
                self._model(client),
                _conversation(messages),
                model_settings={"max_tokens": most_tokens, "timeout": timeout_s, **self._extras(key)},
                model_request_parameters=ModelRequestParameters(
                    output_tools=[tool], output_mode="tool", allow_text_output=True
                ),
            )
        return _reply(response)

    def _extras(self, key: str) -> Any:
        """Settings that not every provider takes; what it does not take it warns of, so it is not given any."""
        if self.provider.name == "google":
            return {}
        return {"max_retries": 0, "extra_headers": {"Idempotency-Key": key}}

    def _model(self, client: Any) -> Any:
        provider, environment = self.provider, self._environment
        key, base = provider.key(environment), provider.base_url(environment)
        if provider.name == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            return AnthropicModel(
                self.model, provider=AnthropicProvider(api_key=key, base_url=base, http_client=client)
            )
        if provider.name == "google":
            from pydantic_ai.models.google import GoogleModel
            from pydantic_ai.providers.google import GoogleProvider

            return GoogleModel(self.model, provider=GoogleProvider(api_key=key, base_url=base, http_client=client))
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        address = base or provider.address
        if provider.name == "ollama" and not address.rstrip("/").endswith("/v1"):
            address = f"{address.rstrip('/')}/v1"
        return OpenAIChatModel(
            self.model, provider=OpenAIProvider(base_url=address, api_key=key or "none", http_client=client)
        )

    def _in_words(self, error: BaseException) -> CallFailed:
        """What a provider's package raised, in a sentence without secrets."""
        said = redacted(" ".join(str(error).split()), self._hidden)[:300]
        status = getattr(error, "status_code", None)
        name = type(error).__name__
        if isinstance(error, ImportError):
            return CallFailed("refused", f"the package for {self.provider.name} cannot be imported ({said})")
        if isinstance(status, int):
            wait = _retry_after(getattr(error, "headers", None) or {})
            if status in (429, 503, 529):
                return CallFailed("busy", f"the provider is busy (HTTP {status})", retry_after_s=wait)
            if status >= 500:
                return CallFailed("server", f"the provider failed (HTTP {status})", retry_after_s=wait, charged=True)
            if status in (401, 403):
                return CallFailed("refused", f"the provider did not accept the key (HTTP {status})")
            return CallFailed("refused", f"the provider refused the request (HTTP {status}): {said}")
        if "Timeout" in name or "timed out" in said.lower():
            return CallFailed("timeout", "no reply in time", charged=True)
        if "Connect" in name or "Connection" in name or "connection" in said.lower():
            return CallFailed("connection", "the provider cannot be reached")
        return CallFailed("reply", f"the reply could not be read ({name}: {said})"[:300], charged=True)


def _packages(provider: str) -> None:
    """Imports what a request to this provider needs. Its notes to programmers are none of a user's business."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(anthropic|openai|google|pydantic_ai)\b")
    import pydantic_ai.direct

    if provider == "anthropic":
        import pydantic_ai.models.anthropic
    elif provider == "google":
        import pydantic_ai.models.google
    else:
        import pydantic_ai.models.openai  # noqa: F401


class TooLarge(Exception):
    """A reply beyond MOST_BYTES, or packed so that its size cannot be known."""


async def _limit_size(response: Any) -> None:
    """Counts the bytes of a reply while they come in, and refuses packed ones, which may unfold to anything."""
    import httpx2

    if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise TooLarge("the reply is packed although plain text was asked for")

    class Counted(httpx2.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for chunk in self._inner:
                seen += len(chunk)
                if seen > MOST_BYTES:
                    raise TooLarge(f"the reply is larger than {MOST_BYTES // 1_000_000} MB")
                yield chunk

        async def aclose(self) -> None:
            await self._inner.aclose()

    response.stream = Counted(response.stream)


def _conversation(messages: Sequence[tuple[str, str]]) -> list[Any]:
    from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart

    out: list[Any] = []
    for role, text in messages:
        if role == "assistant":
            out.append(ModelResponse(parts=[TextPart(text)]))
            continue
        part = SystemPromptPart(text) if role == "system" else UserPromptPart(text)
        if out and isinstance(out[-1], ModelRequest):
            out[-1] = ModelRequest(parts=[*out[-1].parts, part])
        else:
            out.append(ModelRequest(parts=[part]))
    return out


def _reply(response: Any) -> Reply:
    from pydantic_ai.messages import TextPart, ToolCallPart

    calls = [p for p in response.parts if isinstance(p, ToolCallPart)]
    texts = [p.content for p in response.parts if isinstance(p, TextPart)]
    if calls:
        args = calls[0].args
        text = args if isinstance(args, str) else json.dumps(args, ensure_ascii=False, default=str)
    else:
        text = "\n".join(texts)
    used = response.usage
    return Reply(text, _tokens(used.input_tokens), _tokens(used.output_tokens))


def _tokens(count: Any) -> int | None:
    return int(count) if isinstance(count, int) and count > 0 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait, from "Retry-After" as seconds or as a date."""
    value = headers.get("retry-after") or headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (TypeError, ValueError):
        return None
