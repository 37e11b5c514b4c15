import { statusTrouble } from "../../host/web/transfer-error.ts";
import { isTaken } from "../../kinds/config/is-taken.ts";
import { isFromGlance } from "../../kinds/config/with-source-images.ts";
import { bases, cachedImage } from "../../kinds/image/address.ts";
import { compareDigests } from "../../kinds/image/compare-digests.ts";
import { type Comparison, compareVersions } from "../../kinds/image/compare-versions.ts";
import { isBlank } from "../../kinds/image/describe.ts";
import { desiredImages } from "../../kinds/image/desired.ts";
import type { ImageSpec } from "../../kinds/image/spec.ts";
import type { Context } from "../../model/context.ts";
import { CodedError, errorMessage } from "../../model/errors.ts";
import type { Observed } from "../../model/observed.ts";
import { requireSource } from "../../sources/index.ts";
import { webAccess } from "../../sources/web-access.ts";
import type { Invocation } from "../command.ts";
import { eachHost, notFoundOn } from "../each-host.ts";
import type { Io } from "../io.ts";
import { openConfigured } from "../open-session.ts";
import { reported } from "../reported.ts";
import { survey } from "../survey.ts";
import { uncachedDigest } from "../uncached-digest.ts";

/** `virtform image outdated`: asks the sources whether they have newer content. Resolves to 1 when one could not be asked, else to 2 when one has. */
export function outdatedImages(words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  return reported(invocation, io, { command: "image" }, async (reporter) => {
    await using session = await openConfigured(invocation.texts("path"), io);
    const { found, complete, failed } = await eachHost(session, reporter, async (host, { event }) => {
      const { observed } = await survey(host, { event });
      const { config, context } = host;
      return { observed, specs: desiredImages({ config, settings: context.settings, facts: observed.facts }).map(({ spec }) => spec) };
    });
    const declared = found.flatMap(({ host: { context }, label, address, value: { observed, specs } }) =>
      specs.map((spec) => ({ context, label, observed, spec, names: [spec.name, address(spec.name)] })),
    );
    const unknown = words.find((word) => !declared.some(({ names }) => names.includes(word)));
    if (unknown !== undefined) {
      const names = [...new Set(declared.map(({ spec }) => spec.name))].join(", ") || "none";
      throw notFoundOn(failed, "unknown-image", `No image is called ${unknown}`, `Declared: ${names}.`);
    }
    const outcomes = new Set<string>();
    for (const { context, label, observed, spec, names } of declared) {
      if (words.length > 0 && !words.some((word) => names.includes(word))) continue;
      const comparison = await compare(context, spec, observed);
      outcomes.add(comparison.outcome);
      reporter.event({ type: "result", result: { kind: "freshness", ...label, image: spec.name, ...comparison } });
    }
    if (!complete || outcomes.has("failed")) return 1;
    return outcomes.has("outdated") ? 2 : 0;
  });
}

/** A name in Glance can move to another image. The cache keeps the earlier one under its id. */
function movedOn({ source, found }: ImageSpec, observed: Observed): Comparison | undefined {
  const before = observed.of(bases).flatMap(([, state]) => (isBlank(state) || state.sidecar.source !== source ? [] : [state.sidecar.id]));
  if (found === null || before.length === 0) return undefined;
  return { outcome: "outdated", reason: `its name was that of image ${before.join(", ")}, and is that of ${found.id} now` };
}

async function compare(context: Context, spec: ImageSpec, observed: Observed): Promise<Comparison> {
  if (spec.cloneSize !== null) return { outcome: "current", reason: "disks are cloned from a protected snapshot, which does not change" };
  const { facts } = observed;
  const state = cachedImage(observed, spec.entry);
  if (isTaken(spec.source)) return { outcome: "current", reason: "it is taken once; another label in source takes another one" };
  if (state === undefined) return movedOn(spec, observed) ?? { outcome: "unknown", reason: "not fetched yet" };
  const { sidecar } = state;
  const signed = facts.signed?.[spec.name];
  if (signed !== undefined) return compareDigests(sidecar.digests, signed.digest, wordsOf(signed.problem), "the signed file");
  if (isFromGlance(spec.source))
    return compareDigests(sidecar.digests, spec.found?.digest, wordsOf(facts.sources[spec.source]?.problem), "Glance");
  try {
    if (!/^https?:/.test(spec.source)) {
      const { digest } = await uncachedDigest(context, requireSource(spec.source), spec);
      const same = digest === `sha256:${sidecar.digests.sha256}`;
      return same ? { outcome: "current", reason: "same content" } : { outcome: "outdated", reason: `its content is ${digest} now` };
    }
    if (sidecar.mirror !== undefined && sidecar.validators === undefined)
      return { outcome: "unknown", reason: `it came from ${sidecar.mirror}, and not from its source` };
    const { presentVersion } = await import("../../host/web/present-version.ts");
    const now = await presentVersion(spec.source, webAccess(context, spec.access, spec.source), context.signal);
    if (now.status !== 200) return { outcome: "failed", reason: troubleOf(statusTrouble(now.status, undefined, 0)) };
    return compareVersions(sidecar.validators, now.validators);
  } catch (error) {
    context.signal.throwIfAborted();
    return { outcome: "failed", reason: troubleOf(error) };
  }
}

function wordsOf(problem: { readonly summary: string; readonly detail?: string | undefined } | undefined): string | undefined {
  return problem === undefined ? undefined : [problem.summary, ...(problem.detail === undefined ? [] : [problem.detail])].join(". ");
}

/** What failed, and what to do. */
function troubleOf(error: unknown): string {
  if (error instanceof CodedError) return error.diagnostics.map(wordsOf).join("; ");
  const { hint } = error as { readonly hint?: unknown };
  return typeof hint === "string" ? `${errorMessage(error)}. ${hint}` : errorMessage(error);
}
