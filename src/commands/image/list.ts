import type { Invocation } from "../command.ts";
import { eachHost } from "../each-host.ts";
import { foundImages } from "../found-images.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";

/** `virtform image list`. */
export function listImages(_words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const { found, complete } = await eachHost(session, reporter, async (host, { event }) =>
      foundImages(host, await survey(host, { event })),
    );
    const images = found.flatMap(({ value, label }) => value.map((image) => ({ ...label, ...image })));
    reporter.event({ type: "result", result: { kind: "images", images } });
    return complete ? 0 : 1;
  });
}
