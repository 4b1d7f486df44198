#!/usr/bin/env bash
# Makes docs/*.svg anew: pictures of the real screen, as it is in tmux.
# Needs Go, tmux and, for freeze, the module proxy. It stops by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
tmux=(tmux -L "taskhook-pictures-$$")
trap '"${tmux[@]}" kill-server 2>/dev/null || true; rm -rf "$tmp"' EXIT

go build -o "$tmp/taskhook" .

# until TEXT: waits until the screen shows a text.
until_shown() {
  for _ in $(seq 200); do
    if "${tmux[@]}" capture-pane -p | grep -q -- "$1"; then return; fi
    sleep 0.1
  done
  echo "the screen never showed: $1" >&2
  exit 1
}

# keys KEY…: presses keys, one after the other.
keys() { for k in "$@"; do "${tmux[@]}" send-keys "$k"; sleep 0.15; done; }

# picture NAME: writes docs/NAME.svg.
picture() {
  "${tmux[@]}" capture-pane -e -p > "$tmp/$1.ansi"
  go run github.com/charmbracelet/freeze@v0.2.2 "$tmp/$1.ansi" --language ansi --output "docs/$1.svg" \
    --window --padding 16 --margin 0 --font.size 13 --font.family monospace
}

"${tmux[@]}" new-session -d -x 120 -y 34 env COLORTERM=truecolor TERM=tmux-256color "$tmp/taskhook" demo --every 300ms
until_shown '#18 '
keys Down Down Down Down Down Down
until_shown 'lost'
picture list
