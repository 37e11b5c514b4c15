import type { Diagnostic } from "../model/diagnostic.ts";
import type { ImageEvent } from "../model/image-event.ts";
import { problem } from "../model/problem.ts";

/** Hands an event to the program of the configuration. Resolves to what went wrong, in words, or to undefined. Never rejects. */
export type EventHook = (
  event: ImageEvent & { readonly at: string; readonly host: string; readonly project: string },
) => Promise<string | undefined>;

/** The same hook, which gets an event of an image only when it has taken the one before: `image.activate` never arrives before `image.prepare`. */
export function inOrder(hook: EventHook): EventHook {
  const last = new Map<string, Promise<unknown>>();
  return (event) => {
    const taken = (last.get(event.entry) ?? Promise.resolve()).then(() => hook(event));
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
