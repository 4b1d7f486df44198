#!/usr/bin/env bash
# Makes docs/*.svg anew: pictures of the real screen, as it is in tmux.
# Needs Go, tmux and, for freeze, the module proxy. It stops by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
. docs/tmux.sh

# picture NAME: writes docs/NAME.svg.
picture() {
  tm capture-pane -e -p > "$tmp/$1.ansi"
  go run github.com/charmbracelet/freeze@v0.2.2 "$tmp/$1.ansi" --language ansi --output "docs/$1.svg" \
    --window --padding 16 --margin 0 --font.size 13 --font.family "DejaVu Sans Mono, Menlo, Consolas, monospace"
}

screen 124 34 EDITOR=vi sh -c 'taskhook demo --every 300ms'
sees '#18 '
selects ' failed'
picture list
keys 3
sees 'will not send it again'
picture attempts
keys 4
sees 'JSON.stringify'
picture signature
keys 6
sees 'timestamp'
picture diff
keys e
sees 'POST /webhooks'
picture edit
