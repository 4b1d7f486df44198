#!/bin/sh

# #1 ContactCreate, received 2026-01-28 14:35:01.120 UTC
curl -X POST 'http://127.0.0.1:3000/hook?a=%31&b=<2>&c' \
  -H 'Content-Type: application/json' \
  -H 'Cookie: s=1; t=2' \
  -H 'X-Two: b' \
  -H 'X-Two: a' \
  -H Accept: \
  -H User-Agent: \
  --data-binary '{"a":"é </script>  日本"}'

# #2 ContactCreate, received 2026-01-28 14:35:02.120 UTC
curl -X POST 'http://127.0.0.1:3000/hook?a=%31&b=<2>&c' \
  -H 'Content-Type: application/json' \
  -H 'Cookie: s=1; t=2' \
  -H 'X-Two: b' \
  -H 'X-Two: a' \
  -H Accept: \
  -H User-Agent: \
  --data-binary '{}'

# #3 ContactCreate, received 2026-01-28 14:35:03.120 UTC
{ printf '\000\377\033[31m'; } | curl -X POST http://127.0.0.1:3000/hook \
  -H 'Content-Type: application/json' \
  -H 'Cookie: s=1; t=2' \
  -H 'X-Two: b' \
  -H 'X-Two: a' \
  -H Accept: \
  -H User-Agent: \
  --data-binary @-

# #4 ContactCreate, received 2026-01-28 14:35:04.120 UTC
# its body was not kept: there is nothing to send
