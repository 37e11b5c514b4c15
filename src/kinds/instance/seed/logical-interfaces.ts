import type { SeedInterface } from "../../terms/spec.ts";

/** What has addresses in a guest: a card, or a bond of several. */
export interface LogicalInterface {
  /** The card, or the first one of the bond, whose MAC address, MTU and addresses the bond has. */
  readonly nic: SeedInterface;
  /** Position of the card. */
  readonly index: number;
  /** Null: it is a card. */
  readonly bond: { readonly name: string; readonly members: readonly number[] } | null;
}

/** How a card of a bond takes the place of another one: no switch has to know of it. */
export const bondMode = "active-backup";
/** Milliseconds between two looks at the link of a card. */
export const bondLinkLook = 100;

/** The cards of a guest, those of a bond as one. Pure. */
export function logicalInterfaces(interfaces: readonly SeedInterface[]): LogicalInterface[] {
  return interfaces.flatMap((nic, index): LogicalInterface[] => {
    const { bond } = nic;
    if (bond === undefined) return [{ nic, index, bond: null }];
    const members = interfaces.flatMap((one, position) => (one.bond === bond ? [position] : []));
    return members[0] === index ? [{ nic, index, bond: { name: bond, members } }] : [];
  });
}
