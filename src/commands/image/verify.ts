import { bases } from "../../kinds/image/address.ts";
import { isBlank } from "../../kinds/image/describe.ts";
import { isNamed, namesHere } from "../../kinds/image/names-here.ts";
import { verifyBase } from "../../kinds/image/verify.ts";
import type { Invocation } from "../command.ts";
import { eachHost, notFoundOn } from "../each-host.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";

/** `virtform image verify`. Resolves to 1 when a base image was changed. */
export function verifyImages(words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const { found, complete, failed } = await eachHost(session, reporter, async (host, { event }) => {
      const { observed } = await survey(host, { event });
      return { observed, images: observed.of(bases).flatMap(([, state]) => (isBlank(state) ? [] : [state])) };
    });
    const cached = found.flatMap(({ host, label, address, value: { observed, images } }) => {
      const { config, context } = host;
      const namesOf = namesHere({ config, settings: context.settings, project: context.project }, observed.facts);
      return images.map((state) => {
        const names = namesOf(state);
        return { host, label, observed, state, name: names[0] ?? state.sidecar.image, names: [...names, ...names.map(address)] };
      });
    });
    const isMeant = ({ state, names }: (typeof cached)[number], word: string) => isNamed(state, names, word);
    const unknown = words.find((word) => !cached.some((one) => isMeant(one, word)));
    if (unknown !== undefined) {
      const names = [...new Set(cached.map(({ name }) => name))].join(", ") || "none";
      throw notFoundOn(failed, "unknown-image", `The image cache has no base image of ${unknown}`, `It has those of: ${names}.`);
    }
    const chosen = cached.filter((one) => words.length === 0 || words.some((word) => isMeant(one, word)));
    let changed = false;
    for (const { host, label, observed, state, name } of chosen) {
      const verified = await verifyBase(host.context, state, observed, { record: host.context.settings.role !== "reader" });
      changed ||= verified.outcome === "changed";
      reporter.event({ type: "result", result: { kind: "verified", verified: { ...label, ...verified, image: name } } });
    }
    if (chosen.length === 0) reporter.event({ type: "result", result: { kind: "nothing", text: "The image cache is empty." } });
    return changed || !complete ? 1 : 0;
  });
}
