import { hintFor } from "./hints.ts";
import { errorCodes as is, isRefusal, LibvirtError } from "./libvirt-error.ts";

/** Names what failed, and the remedy where one is known. */
export function explained(what: string, error: unknown): unknown {
  if (!(error instanceof LibvirtError) || error.cause !== undefined) return error;
  return new LibvirtError(error, { what, remedy: hintFor(error), cause: error });
}

/** Names what `work` does in the errors of libvirt. */
export async function explaining<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(what, error);
  }
}

/** The document that libvirt gives of one object; empty where it refuses to give this one, as for one that is longer than it sends. */
export async function documentOf(ask: () => Promise<{ readonly xml: string }>, ...missing: readonly number[]): Promise<string> {
  try {
    return (await ask()).xml;
  } catch (error) {
    if (!(error instanceof LibvirtError) || isRefusal(error, ...missing)) throw error;
    return "";
  }
}

/** The same; undefined when libvirt says that the object does not exist, or answers with one of the numbers `fine`. */
export async function unlessMissing<T>(what: string, work: () => Promise<T>, ...fine: readonly number[]): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error, is.noDomain, is.noSecret, ...fine)) return undefined;
    throw explained(what, error);
  }
}
