// The npm package eventsource, which behaves as a browser's EventSource.
import { EventSource } from "eventsource";
import { leave, request, say, url } from "./said.mjs";

const asked = new URL(url);
for (const [name, value] of Object.entries(request)) {
  asked.searchParams.set(name, typeof value === "string" ? value : JSON.stringify(value));
}
const source = new EventSource(asked);
source.addEventListener("open", () => say({ open: true }));
source.addEventListener("next", (event) =>
  say({ next: JSON.parse(event.data), id: event.lastEventId }),
);
source.addEventListener("complete", (event) => say({ complete: event.data }));
source.addEventListener("error", (error) => {
  const what = { status: error.code ?? null };
  if (source.readyState === EventSource.CLOSED) leave({ closed: what });
  else say({ reconnecting: what });
});
