#!/usr/bin/env bash
# Goes through the screen as a person does and reads it after each step:
# `make screen`. Needs Go, tmux and curl; everything stays on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
. docs/tmux.sh

step() { echo "ok  $1"; }

cat > "$tmp/editor" <<'SH'
#!/bin/sh
sed 's/"firstName": "[^"]*"/"firstName": "Ada"/' "$1" > "$1.new" && cp "$1.new" "$1" && rm "$1.new"
SH
chmod +x "$tmp/editor"

screen 120 36 EDITOR="$tmp/editor" NO_COLOR=1 sh -c 'taskhook demo --every 30s --project screen; sleep 60'
sees 'ContactCreate'
step 'the demo shows its first event'

XDG_STATE_HOME="$tmp/state" HOME="$tmp" "$tmp/taskhook" trigger InvoicePaid --project screen > "$tmp/trigger.out" || true
sees 'InvoicePaid'
step 'an event that was triggered elsewhere appears'

keys /
typed 'type:Invoice*'
keys Enter
sees 'type:Invoice*'
sees 'InvoicePaid'
step 'a filter narrows the list'
keys Escape
sees 'ContactCreate'
step 'esc shows all again'

keys End Enter
sees '"firstName"'
step 'the payload is shown'
keys 4
sees 'x-wh-signature'
sees 'scheme: rsa'
step 'the signature is taken apart'
keys 3
sees 'received'
step 'the attempts are shown'

keys r
sees 'resent'
step 'it was resent'

keys e
sees 'corrupt'
step 'an edit in the editor asks for the signature'
keys d
sees 'sent'
step 'the edited event was signed and sent'
keys 3
sees 'resend'
step 'the attempt says what was sent'
keys 6 ]
sees 'Ada'
step 'the difference is shown'
keys Escape

keys x
sees 'JSON lines'
step 'an export asks for its format'
keys Escape

keys '?'
sees 'Keys'
step 'help lists the keys'
keys '?' q
sleep 1
sees 'taskhook'
step 'the terminal is given back'
