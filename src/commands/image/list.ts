import type { Invocation } from "../command.ts";
import { eachHost, notFoundOn } from "../each-host.ts";
import { foundImages } from "../found-images.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";

/** `virtform image list`. */
export function listImages(words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const { found, complete, failed } = await eachHost(session, reporter, async (host, { event }) =>
      foundImages(host, await survey(host, { event })),
    );
    const all = found.flatMap(({ value, label, address }) =>
      value.map((image) => ({ image: { ...label, ...image }, names: [image.name, address(image.name)] })),
    );
    const unknown = words.find((word) => !all.some(({ names }) => names.includes(word)));
    if (unknown !== undefined) {
      const known = [...new Set(all.map(({ image }) => image.name))].join(", ") || "none";
      throw notFoundOn(failed, "unknown-image", `There is no image called ${unknown}`, `There are: ${known}.`);
    }
    const images = all.flatMap(({ image, names }) => (words.length === 0 || words.some((word) => names.includes(word)) ? [image] : []));
    reporter.event({ type: "result", result: { kind: "images", images } });
    return complete ? 0 : 1;
  });
}
