import type { Diagnostic } from "../model/diagnostic.ts";
import type { ImageEvent } from "../model/image-event.ts";
import { problem } from "../model/problem.ts";

/** Hands an event to the program of the configuration. Resolves to what went wrong, in words. */
export type EventHook = (
  event: ImageEvent & { readonly at: string; readonly host: string; readonly project: string },
) => Promise<string | undefined>;

/** The warning about a program that did not take an event. The apply does not depend on it. */
export function hookFailed({ event, image }: ImageEvent, why: string): Diagnostic {
  return problem(
    "event-hook-failed",
    {
      summary: `host.event_hook did not take the event ${event} of image ${image}`,
      detail: `${why.replace(/\.$/, "")}. The apply does not depend on it.`,
    },
    "warning",
  );
}
