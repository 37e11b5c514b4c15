import type { Diagnostic } from "../model/diagnostic.ts";
import type { ImageEvent } from "../model/image-event.ts";
import { problem } from "../model/problem.ts";

/** Hands an event to the program of the configuration. Resolves to what went wrong, in words. */
export type EventHook = (
  event: ImageEvent & { readonly at: string; readonly host: string; readonly project: string },
) => Promise<string | undefined>;

/** The warning about a program that failed for an event. The apply does not depend on it. */
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
