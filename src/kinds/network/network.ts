import { addressName } from "../../model/address.ts";
import type { Kind } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Sought } from "../../model/sought.ts";
import type { Config } from "../config.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkState } from "../terms/network-state.ts";
import { networkActions } from "./actions.ts";
import { checkNetworkKind } from "./check.ts";
import { desiredNetworks } from "./desired.ts";
import { diffNetwork } from "./diff.ts";
import { nestedFields } from "./nested-fields.ts";
import { observeNetworks } from "./observe.ts";
import type { NetworkSpec } from "./spec.ts";

/** Networks of libvirt that guests are connected to. */
export function networkKind(
  settings: HostSettings,
  _lookUpSecret?: unknown,
  _config?: unknown,
  sought: Sought = {},
): Kind<Config, NetworkSpec, NetworkState> {
  return {
    name: "network",
    addressKinds: [networks.name],
    desired: desiredNetworks,
    observe: (context) => observeNetworks(context, sought),
    diff: (address, want, have, observed) => diffNetwork(networks.at(addressName(address)), want, have, observed),
    check: (resources, observed, wanted, destroying = false) =>
      checkNetworkKind(resources, observed, { config: wanted, uri: settings.uri, destroying }),
    describe: ({ fields, running }) => ({ stored: nestedFields(fields), running: running === null ? null : nestedFields(running) }),
    actions: networkActions,
  };
}
