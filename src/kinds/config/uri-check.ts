import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Config } from "../config.ts";

/** A connection to another driver of libvirt than the guests need: the one of containers makes no virtual machines, and the reverse. */
export function checkUri({ host = {} }: Config): Diagnostic[] {
  const { uri, virt_type: virtType = "auto" } = host;
  if (uri === undefined) return [];
  const [, driver = "", session] = /^([a-z0-9]+).*?(\/session)?(?:\?|$)/.exec(uri) ?? [];
  const isContainers = driver === "lxc";
  const pointer = ["host", "uri"];
  const differs = (summary: string, detail: string) => [problem("uri-of-other-driver", { summary, detail, pointer })];
  if (virtType === "lxc" && !isContainers)
    return differs(
      `host.uri is ${uri}, whose driver runs no containers`,
      "virt_type is lxc. Write uri: lxc:///system, or lxc+ssh://USER@HOST/system; or choose another virt_type.",
    );
  if (virtType !== "lxc" && isContainers)
    return differs(
      `host.uri is ${uri}, whose driver runs only containers`,
      `virt_type is ${virtType}. Write virt_type: lxc, or uri: qemu:///system.`,
    );
  if (isContainers && session !== undefined)
    return differs(
      `host.uri is ${uri}, and only root has containers`,
      "libvirt's driver of containers has no sessions. Write uri: lxc:///system.",
    );
  return [];
}
