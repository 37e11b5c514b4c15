import { userError } from "../model/errors.ts";
import { withoutCredentials } from "../model/without-credentials.ts";
import { file } from "./file.ts";
import { http, https } from "./http.ts";
import { rbd } from "./rbd.ts";
import type { Source } from "./source.ts";

export { withoutCredentials };

/** Every source. A new one is one more line here. */
const sources: readonly Source[] = [file, http, https, rbd];

/** Sources that Nova has and this version has not. */
const planned = ["glance"];

/** Where a source string points to. Throws a UserError for a scheme that is not known, or an address that is incomplete. */
export function sourceOf(source: string): Source {
  if (source.startsWith("/")) return file;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase();
  const found = sources.find((candidate) => candidate.scheme === scheme);
  found?.check?.(source);
  if (found !== undefined) return found;
  const shown = withoutCredentials(source);
  const known = `Use an absolute path or an address with ${sources.map((candidate) => `${candidate.scheme}://`).join(", ")}.`;
  if (scheme !== undefined && planned.includes(scheme)) {
    throw userError("image-source-unsupported", `Images from ${scheme}:// are not supported by this version: ${shown}`, known);
  }
  throw userError("image-source-unknown", `No source of images is called like this: ${shown}`, known);
}
