import type { Event } from "../model/event.ts";
import { shellWord } from "../model/shell-word.ts";
import type { StartedGuest } from "../model/started-guest.ts";
import { type Line, span } from "./style.ts";

/** Of more guests only the first are listed. */
const mostListed = 10;

/** What can be done with guests that an apply made: where they are reached, and the commands for them. Pure. */
export function nextSteps({
  guests,
  before,
  behind,
}: Pick<Extract<Event, { type: "guests.started" }>, "guests" | "before" | "behind">): Line[] {
  const [first] = guests;
  if (first === undefined) return [];
  const listed = guests.slice(0, mostListed);
  const width = Math.max(...listed.map(({ name }) => name.length));
  const more = guests.length - listed.length;
  const command = (...words: readonly string[]) => ["virtform", ...before, ...words, ...behind].map(shellWord).join(" ");
  const reached = guests.find(({ addresses }) => addresses.length > 0);
  const printing = guests.find(({ silent }) => silent !== true);
  const waits = guests.some(({ addresses, reachable }) => reachable && addresses.length === 0);
  const commands: readonly (readonly [command: string, about: string])[] = [
    ...(printing === undefined ? [] : [[command("console", printing.name), "shows how it boots"] as const]),
    ...(reached === undefined ? [] : [[command("ssh", reached.name), "logs in"] as const]),
    ...(waits || more > 0 || (printing === undefined && reached === undefined) ? [[command("list"), "shows addresses"] as const] : []),
  ];
  const wide = Math.max(...commands.map(([text]) => text.length));
  return [
    [],
    [span("New guests:", "strong")],
    ...listed.map((guest): Line => [span(`  ${guest.name.padEnd(width)}  `), span(whereOf(guest), "faint")]),
    ...(more > 0 ? [[span(`  … and ${more} more`, "faint")]] : []),
    [],
    ...commands.map(([text, about]): Line => [span(`  ${text.padEnd(wide)}`), span(`  ${about}`, "faint")]),
  ];
}

function whereOf({ addresses, reachable }: StartedGuest): string {
  if (addresses.length > 0) return addresses.join(", ");
  return reachable ? "no address yet" : "outgoing connections only, or no network";
}
