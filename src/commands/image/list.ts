import { isLocked } from "../../kinds/image/is-locked.ts";
import { leftovers } from "../../kinds/image/leftover.ts";
import { listImages as listed } from "../../kinds/image/list-images.ts";
import { onlyHost } from "../../session.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";

/** `virtform image list`. */
export function listImages(_words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const host = onlyHost(session);
    const { context, config } = host;
    const { observed } = await survey(host, reporter);
    const unfinished = observed.of(leftovers).map(([, { entry }]) => entry);
    const held = await Promise.all(unfinished.map((entry) => isLocked(context, entry)));
    const busy = new Set(unfinished.filter((_, index) => held[index]));
    const images = listed({ config, settings: context.settings, facts: observed.facts, observed, busy });
    reporter.event({ type: "result", result: { kind: "images", images } });
    return 0;
  });
}
