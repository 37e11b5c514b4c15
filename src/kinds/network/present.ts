import type { Presentation } from "../../model/presentation.ts";

/** How people see networks. */
export const presentNetworks: Readonly<Record<string, Presentation>> = { network: {} };
