import type { Diagnostic } from "../model/diagnostic.ts";
import type { ImageEvent } from "../model/image-event.ts";
import { problem } from "../model/problem.ts";

/**
 * Hands an event to the program of the configuration. Resolves to what went wrong, in words, or to undefined. Never rejects. The program is ended
 * when the signal is aborted.
 */
export type EventHook = (
  event: ImageEvent & { readonly at: string; readonly host: string; readonly project: string },
  signal: AbortSignal,
) => Promise<string | undefined>;

/** How long programs have for the events that are left when an apply was stopped, in milliseconds. */
const farewellMs = 2000;

/**
 * Resolves when the programs have taken all events. After `stop` they have two seconds left, after `end` none: events that they have not taken by
 * then are given up.
 */
export async function allTaken(
  events: readonly Promise<unknown>[],
  { stop, end, giveUp }: { readonly stop: AbortSignal; readonly end: AbortSignal; readonly giveUp: AbortController },
): Promise<void> {
  const abort = () => giveUp.abort();
  let timer: NodeJS.Timeout | undefined;
  const hurry = () => {
    timer ??= setTimeout(abort, farewellMs);
  };
  stop.addEventListener("abort", hurry);
  end.addEventListener("abort", abort);
  if (stop.aborted) hurry();
  if (end.aborted) abort();
  await Promise.all(events);
  clearTimeout(timer);
  stop.removeEventListener("abort", hurry);
  end.removeEventListener("abort", abort);
}

/** The same hook, which gets an event of an image only when it has taken the one before: `image.activate` never arrives before `image.prepare`. */
export function inOrder(hook: EventHook): EventHook {
  const last = new Map<string, Promise<unknown>>();
  return (event, signal) => {
    const taken = (last.get(event.entry) ?? Promise.resolve()).then(() =>
      signal.aborted ? "The apply was stopped before the program got the event" : hook(event, signal),
    );
    last.set(event.entry, taken);
    return taken;
  };
}

/** The warning about a program that did not take an event. The apply does not depend on it. */
export function hookFailed({ event, image }: ImageEvent, why: string): Diagnostic {
  return problem(
    "event-hook-failed",
    {
      summary: `The program of host.event_hook failed for the event ${event} of image ${image}`,
      detail: `${why.replace(/\.$/, "")}. The apply continues. Run the program by hand with a JSON object on its standard input.`,
    },
    "warning",
  );
}
