# Drives the real screen in a tmux of its own; sourced by scripts in bash.
# It ends with the script, and every wait is bounded.

tmp=$(mktemp -d)
socket=taskhook-$$
tm() { tmux -L "$socket" "$@"; }
pids=()
finish() {
  tm kill-server 2>/dev/null || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$tmp"
}
trap finish EXIT

go build -o "$tmp/taskhook" .
export XDG_STATE_HOME="$tmp/state" NGROK_AUTHTOKEN=

# screen WIDTH HEIGHT COMMAND…: starts a program in a window of that size.
screen() {
  local width=$1 height=$2
  shift 2
  tm -f /dev/null new-session -d -x "$width" -y "$height" \
    env COLORTERM=truecolor TERM=tmux-256color PATH="$tmp:$PATH" HOME="$tmp" "$@"
}

# sees TEXT: waits until the screen shows a text.
sees() {
  local _
  for _ in $(seq 150); do
    if tm capture-pane -p | grep -qF -- "$1"; then return; fi
    sleep 0.1
  done
  echo "the screen never showed: $1" >&2
  tm capture-pane -p >&2
  exit 1
}

# keys KEY…: presses keys as tmux names them, one after the other.
keys() {
  local k
  for k in "$@"; do
    tm send-keys "$k"
    sleep 0.1
  done
}

# selects TEXT: goes down the list to a row that has a text.
selects() {
  local _
  for _ in $(seq 30); do
    if tm capture-pane -p | grep -F -- '▌' | grep -qF -- "$1"; then return; fi
    keys Down
  done
  echo "no row has: $1" >&2
  exit 1
}

# typed TEXT: types a text.
typed() {
  tm send-keys -l -- "$1"
  sleep 0.2
}
