/** Users and groups of a guest by name. */
export interface GuestAccounts {
  readonly users: ReadonlyMap<string, { readonly uid: number; readonly gid: number }>;
  readonly groups: ReadonlyMap<string, number>;
}

/** Reads /etc/passwd and /etc/group. Lines that are none are left out: a disk can hold anything. Pure. */
export function readAccounts(passwd: string, group: string): GuestAccounts {
  const users = linesOf(passwd).flatMap(([name = "", , uid, gid]) => {
    const [user, main] = [numberOf(uid), numberOf(gid)];
    return user === undefined || main === undefined ? [] : [[name, { uid: user, gid: main }] as const];
  });
  const groups = linesOf(group).flatMap(([name = "", , gid]) => {
    const id = numberOf(gid);
    return id === undefined ? [] : [[name, id] as const];
  });
  return { users: new Map(users), groups: new Map(groups) };
}

/** The numbers of USER or USER:GROUP; without a group it is that of the user. Pure. */
export function accountOf(
  owner: string,
  { users, groups }: GuestAccounts,
): { readonly ids: readonly [uid: number, gid: number] } | { readonly why: string } {
  const [name = "", group] = owner.split(":");
  const user = name === "root" ? { uid: 0, gid: 0 } : users.get(name);
  if (user === undefined) return { why: `its owner ${name} is not in /etc/passwd of the image` };
  const gid = group === undefined ? user.gid : group === "root" ? 0 : groups.get(group);
  if (gid === undefined) return { why: `its group ${group} is not in /etc/group of the image` };
  return { ids: [user.uid, gid] };
}

const linesOf = (text: string) => text.split("\n").map((line) => line.split(":"));

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value < 2 ** 32 - 1 ? value : undefined;
}
