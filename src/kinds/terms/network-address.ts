import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { NetworkState } from "./network-state.ts";

/** `network/lan`. */
export type NetworkAddress = AddressOf<NetworkState>;

/** Networks that virtform keeps, by the name in the configuration. */
export const networks = kindOf<NetworkState>("network");

/** The network is active and as it should be. */
export const networkExists = existence(networks);

/** libvirt no longer has it. */
export const networkGone = factType(networks, "gone");
