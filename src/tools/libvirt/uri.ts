import { userError } from "../../model/errors.ts";
import { uriProblem } from "../../model/libvirt-uri.ts";

/** Where a libvirt URI leads on the host itself. */
export interface LibvirtTarget {
  /** What the daemon is asked to open: `qemu:///system`. */
  readonly opens: string;
  /** `qemu` */
  readonly driver: string;
  /** The daemon of one user rather than of the machine. */
  readonly session: boolean;
  /** The socket that the URI names itself; null where libvirt's usual ones are meant. */
  readonly socket: string | null;
  /** `direct`: the daemon of the driver (virtqemud); `legacy`: libvirtd; `auto`: whichever exists. */
  readonly mode: "auto" | "direct" | "legacy";
}

/** Reads a URI without a host. Throws a UserError for one that virtform cannot use. */
export function parseLibvirtUri(uri: string): LibvirtTarget {
  const problem = uriProblem(uri);
  if (problem !== undefined) throw userError("libvirt-uri", problem.summary, problem.detail);
  const [, driver = "", path = "", query = ""] = /^([a-z0-9]+)(?:\+unix)?:\/\/(\/[^?]*)?(?:\?(.*))?$/.exec(uri) ?? [];
  const parameters = new URLSearchParams(query);
  const mode = parameters.get("mode");
  return {
    opens: `${driver}://${path}`,
    driver,
    session: path === "/session",
    socket: parameters.get("socket"),
    mode: mode === "direct" || mode === "legacy" ? mode : "auto",
  };
}
