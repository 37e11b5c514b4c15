import type { SshHost } from "../host/ssh/ssh.ts";
import { hops, SshConnectError } from "../host/ssh/trouble.ts";
import { errorMessage } from "../model/errors.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";

/**
 * Checks each hop to a host over ssh; empty for this machine. Hops behind a failing one cannot be checked, so the list ends
 * there.
 */
export async function checkHops(host: Host): Promise<Finding[]> {
  if (!isSshHost(host)) return [];
  const names = Object.keys(hops) as (keyof typeof hops)[];
  const passed = (until: number): Finding[] =>
    names.slice(0, until).map((name) => ({ check: `ssh: ${name}`, status: "ok", found: hops[name] }));
  try {
    const { missing, extra } = await host.greeting();
    const last = names.length - 1;
    if (missing.length > 0) {
      const fix = "Install on the host: python3 (package python3), GNU coreutils, util-linux.";
      return [...passed(last), { check: "ssh: programs", status: "error", found: `${host.name} lacks ${missing.join(", ")}`, fix }];
    }
    const curl: Finding = extra.includes("curl")
      ? { check: "curl there", status: "ok", found: "the host downloads images itself" }
      : {
          check: "curl there",
          status: "warning",
          found: "no curl on the host: images are downloaded here and pushed to it",
          fix: "apt install curl, on the host",
        };
    return [...passed(names.length), curl];
  } catch (error) {
    const trouble = error instanceof SshConnectError ? error.trouble : undefined;
    const at = trouble === undefined ? 0 : names.indexOf(trouble.hop);
    const failed: Finding = {
      check: `ssh: ${names[at]}`,
      status: "error",
      found: errorMessage(error),
      ...(trouble && { fix: trouble.hint }),
    };
    return [...passed(at), failed];
  }
}

function isSshHost(host: Host): host is SshHost {
  return "greeting" in host;
}
