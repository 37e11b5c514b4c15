import { UserError } from "../model/errors.ts";
import { problem } from "../model/problem.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { file } from "./file.ts";
import { glance, glanceHttp } from "./glance/source.ts";
import { http, https } from "./http.ts";
import { rbd } from "./rbd.ts";
import type { Source, SourceProblem } from "./source.ts";
import { instance, volume } from "./taken.ts";

export { withoutCredentials };

/** Every source. A new one is one more line. */
const sources: Source[] = [file, http, https, rbd, glance, glanceHttp, instance, volume];

/** Adds a source, for as long as the result is not disposed of. Throws a TypeError when its scheme is in use. */
export function registerSource(source: Source): Disposable {
  if (sources.some(({ scheme }) => scheme === source.scheme)) throw new TypeError(`a source for ${source.scheme}:// exists already`);
  sources.push(source);
  const undo = new DisposableStack();
  undo.defer(() => void sources.splice(sources.indexOf(source), 1));
  return undo;
}

/** The schemes that addresses of images can have. */
export function sourceSchemes(): readonly string[] {
  return sources.map(({ scheme }) => scheme);
}

/** The source of an absolute path or an address; a problem when the scheme is unknown or the address is incomplete. */
export function sourceOf(address: string): Source | SourceProblem {
  const scheme = address.startsWith("/") ? file.scheme : /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  const found = sources.find((source) => source.scheme === scheme);
  const shown = withoutCredentials(address);
  const usable = sourceSchemes().map((known) => `${known}://`);
  const detail = `Use an absolute path or an address with ${usable.join(", ")}.`;
  if (found === undefined) return { code: "image-source-unknown", summary: `Unsupported image source: ${shown}`, detail };
  return found.check?.(address) ?? found;
}

/** Whether what `sourceOf` returned is a problem. */
export function isSourceProblem(found: Source | SourceProblem): found is SourceProblem {
  return "summary" in found;
}

/** The source of an address that was checked when planning. Throws a UserError where `sourceOf` gives a problem. */
export function requireSource(address: string): Source {
  const found = sourceOf(address);
  if (isSourceProblem(found)) throw new UserError([problem(found.code, found)]);
  return found;
}

/** The id that a source gives an image; undefined when it gives none. */
export function givenImageId(address: string): string | undefined {
  return sources.find(({ scheme }) => address.startsWith(`${scheme}://`))?.imageId?.(address);
}
