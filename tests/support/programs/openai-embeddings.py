"""Asks a handler for embeddings through OpenAI's package, as its quickstart does. OPENAI_BASE_URL names the handler."""

import math

from openai import NotFoundError, OpenAI, UnprocessableEntityError

client = OpenAI(max_retries=0)
model = "bge-small-en-v1.5"

# The package asks for base64 by itself, and decodes it.
answer = client.embeddings.create(model=model, input="hello world")
vector = answer.data[0].embedding
assert len(vector) == 384, len(vector)
assert abs(math.hypot(*vector) - 1) < 1e-6
assert answer.usage.prompt_tokens == answer.usage.total_tokens == 4, answer.usage
assert answer.model == model

floats = client.embeddings.create(model=model, input=["hello world", "another text"], encoding_format="float")
assert [item.index for item in floats.data] == [0, 1]
assert all(abs(a - b) < 1e-8 for a, b in zip(floats.data[0].embedding, vector, strict=True))

# [CLS] hello world [SEP], by the model's tokenizer.
ids = client.embeddings.create(model=model, input=[101, 7592, 2088, 102])
assert ids.data[0].embedding == vector

short = client.embeddings.create(model=model, input="hello world", dimensions=64)
assert len(short.data[0].embedding) == 64

assert {entry.id for entry in client.models.list()} == {"rerank-wasm-mini", model}

try:
    client.embeddings.create(model="rerank-wasm-mini", input="hello world")
    raise AssertionError("a reranker embedded a text")
except NotFoundError as error:
    assert error.code == "model_not_found" and "use POST /v1/rerank" in error.message, error

try:
    client.embeddings.create(model=model, input=[])
    raise AssertionError("an empty list was embedded")
except UnprocessableEntityError as error:
    assert error.code == "invalid_value" and error.param == "input", error

print("embeddings have the form that the package reads")
