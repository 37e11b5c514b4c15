import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { checkConfig } from "../../../../src/kinds/config-check.ts";
import { hostSettings } from "../../../../src/kinds/host/settings.ts";
import { checkInjections } from "../../../../src/kinds/instance/injection-check.ts";

/** An instance with an injection and one address in a network. */
function injected({
  dhcp = false,
  host = {},
  ...inject
}: {
  readonly dhcp?: boolean;
  readonly host?: object;
  readonly network?: string;
} = {}): Config {
  return {
    project: "shop",
    host,
    images: { debian: { source: "/srv/debian.qcow2", disk_format: "qcow2", checksum: `sha256:${"0".repeat(64)}` } },
    flavors: { small: { vcpus: 1, ram: 2 ** 28, disk: 2 ** 30 } },
    networks: {
      lan: { subnets: [{ cidr: "10.91.0.0/24", ...(dhcp ? { dhcp: { ranges: [{ start: "10.91.0.100", end: "10.91.0.200" }] } } : {}) }] },
    },
    instances: {
      web: {
        image: "debian",
        flavor: "small",
        networks: [{ network: "lan", addresses: ["10.91.0.10"] }],
        inject: { partition: "inspect", ...inject },
      },
    },
  } as unknown as Config;
}

function codes(config: Config): string[] {
  const settings = hostSettings(config, { root: true, dataHome: "/var/lib" });
  return [...checkConfig(config), ...checkInjections({ config, settings })].map(({ severity, code }) => `${severity} ${code}`);
}

test("an address is injected unless the guest gets it from DHCP, and an injection of nothing is a warning", () => {
  assert.deepEqual(codes(injected()), []);
  assert.deepEqual(codes(injected({ dhcp: true })), ["warning inject-nothing"]);
  assert.deepEqual(codes(injected({ network: "none" })), ["warning inject-nothing"]);
  assert.deepEqual(codes(injected({ network: "networkd" })), []);
});

test("a container with a static address and without inject is an error", () => {
  const config = injected({ host: { virt_type: "lxc" } });
  assert.deepEqual(codes(config), []);
  const { inject: _, ...web } = config.instances?.["web"] ?? {};
  const errors = checkConfig({ ...config, instances: { web } } as unknown as Config);
  assert.deepEqual(
    errors.map(({ summary }) => summary),
    ["Nothing tells the guest its address 10.91.0.10"],
  );
  assert.match(errors[0]?.detail ?? "", /the instance inject, or remove/);
});

test("an instance whose injection only has VLANs has something injected", () => {
  const config = injected({ dhcp: true });
  const [web] = Object.values(config.instances ?? {});
  assert.ok(web);
  const of = (vlans: object[]) => codes({ ...config, instances: { web: { ...web, networks: [{ bridge: "br0", vlans } as never] } } });
  assert.deepEqual(of([]), ["warning inject-nothing"]);
  assert.deepEqual(of([{ id: 102 }]), []);
});
