import { bases } from "../../kinds/image/address.ts";
import { isBlank } from "../../kinds/image/describe.ts";
import { verifyBase } from "../../kinds/image/verify.ts";
import { userError } from "../../model/errors.ts";
import { onlyHost } from "../../session.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";

/** `virtform image verify`. Resolves to 1 when a base image was changed. */
export function verifyImages(words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const host = onlyHost(session);
    const { observed } = await survey(host, reporter);
    const images = observed.of(bases).flatMap(([, state]) => (isBlank(state) ? [] : [state]));
    const unknown = words.find((word) => !images.some(({ sidecar }) => sidecar.image === word));
    if (unknown !== undefined) {
      const names = [...new Set(images.map(({ sidecar }) => sidecar.image))].join(", ") || "none";
      throw userError("unknown-image", `The image cache has no base image of ${unknown}`, `It has those of: ${names}.`);
    }
    const chosen = images.filter(({ sidecar }) => words.length === 0 || words.includes(sidecar.image));
    let changed = false;
    for (const state of chosen) {
      const verified = await verifyBase(host.context, state, observed, { record: host.context.settings.role !== "reader" });
      changed ||= verified.outcome === "changed";
      reporter.event({ type: "result", result: { kind: "verified", verified } });
    }
    if (chosen.length === 0) reporter.event({ type: "result", result: { kind: "nothing", text: "The image cache is empty." } });
    return changed ? 1 : 0;
  });
}
