// Keeps the page up to date: what is open stays open.
const live = document.getElementById('live');
const source = new EventSource('/_sandbox/log/events');
let waiting = 0;

async function renew() {
  waiting = 0;
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const open = [...document.querySelectorAll('details[open]')].map((d) => d.id);
  const focused = document.activeElement && document.activeElement.closest('details');
  for (const id of ['rates', 'log']) document.getElementById(id).replaceWith(next.getElementById(id));
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused.id)?.querySelector('summary')?.focus();
}

source.onopen = () => { live.textContent = 'Live.'; };
source.onerror = () => { live.textContent = 'The sandbox does not answer; retrying.'; };
source.onmessage = () => { waiting ||= setTimeout(renew, 200); };
