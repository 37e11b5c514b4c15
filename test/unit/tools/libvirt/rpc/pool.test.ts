import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ahead, type Connection, loginOpening } from "../../../../../src/tools/libvirt/rpc/connection.ts";
import { createPool, type Pool } from "../../../../../src/tools/libvirt/rpc/pool.ts";
import { procedures } from "../../../../../src/tools/libvirt/rpc/procedures.ts";

type Open = PromiseWithResolvers<Connection> & { readonly ahead: (() => readonly Ahead[]) | undefined };

/** A pool whose connections open when the test says so, and answer at once. */
function openable(window = 1024) {
  const opens: Open[] = [];
  const pool = createPool(
    (ahead) => {
      const open = { ...Promise.withResolvers<Connection>(), ahead };
      opens.push(open);
      return open.promise;
    },
    { connections: 2, window },
  );
  return { pool, opens };
}

/** A connection that keeps the subjects of its calls, in order. */
function connection(): Connection & { readonly subjects: string[] } {
  const subjects: string[] = [];
  return {
    subjects,
    async call<A, R>(_procedure: unknown, _args: A, subject: string) {
      subjects.push(subject);
      return subject as R;
    },
    pending: 0,
    alive: true,
    onDomainEvent: () => undefined,
    onLost: () => undefined,
    close: async () => void subjects.push("goodbye"),
  };
}

const look = (pool: Pool, subject: string) => pool.call(procedures.hostname, undefined, subject);
const change = (pool: Pool, subject: string) => pool.call(procedures.defineXml, { xml: "", flags: 0 }, subject);
const names = (calls: readonly Ahead[] | undefined) => calls?.map(({ procedure }) => procedure.name);

test("the looks that wait go with the login of the first connection, and are the first that are made on it", async () => {
  const { pool, opens } = openable();
  const early = [look(pool, "a"), look(pool, "b")];
  assert.deepEqual(names(opens[0]?.ahead?.()), ["CONNECT_GET_HOSTNAME", "CONNECT_GET_HOSTNAME"]);
  const late = [look(pool, "c"), change(pool, "d")];
  const first = connection();
  opens[0]?.resolve(first);
  await Promise.all([...early, ...late]);
  assert.deepEqual(first.subjects, ["a", "b", "c", "d"]);
  assert.deepEqual(
    opens.map(({ ahead }) => ahead === undefined),
    [false, ...opens.slice(1).map(() => true)],
    "those of another connection would be made twice",
  );
});

test("changes, looks behind them, and more than one connection takes do not go with a login", () => {
  const behind = openable();
  void look(behind.pool, "a");
  void change(behind.pool, "b");
  void look(behind.pool, "c");
  assert.equal(behind.opens[0]?.ahead?.().length, 1);
  const many = openable(3);
  for (let at = 0; at < 5; at += 1) void look(many.pool, "a");
  assert.equal(many.opens[0]?.ahead?.().length, 3);
});

test("what was sent with a login is made on no other connection that opens before", async () => {
  const { pool, opens } = openable();
  pool.warm(8);
  assert.equal(opens.length, 2);
  const early = look(pool, "a");
  assert.equal(opens[0]?.ahead?.().length, 1);
  const [first, second] = [connection(), connection()];
  opens[1]?.resolve(second);
  await opens[1]?.promise;
  assert.deepEqual(second.subjects, []);
  opens[0]?.resolve(first);
  await early;
  assert.deepEqual([first.subjects, second.subjects], [["a"], []]);
});

test("after a login that failed, another connection makes what was sent with it, and without one it fails with the login", async () => {
  for (const second of [connection(), undefined]) {
    const { pool, opens } = openable();
    pool.warm(8);
    const early = look(pool, "a");
    opens[0]?.ahead?.();
    if (second !== undefined) {
      opens[1]?.resolve(second);
      await opens[1]?.promise;
    }
    opens[0]?.reject(new Error("no login"));
    if (second === undefined) await assert.rejects(early, /no login/);
    else await early;
    assert.deepEqual(second?.subjects ?? [], second === undefined ? [] : ["a"]);
  }
});

test("what was sent with a login waits for it when another login fails meanwhile", async () => {
  const { pool, opens } = openable();
  pool.warm(8);
  const early = look(pool, "a");
  opens[0]?.ahead?.();
  opens[1]?.reject(new Error("too many clients"));
  await opens[1]?.promise.catch(() => undefined);
  const late = look(pool, "b");
  const first = connection();
  opens[0]?.resolve(first);
  await Promise.all([early, late]);
  assert.deepEqual(first.subjects, ["a", "b"]);
});

test("a login that failed beside a connection is not tried again until a call needs it", async () => {
  const { pool, opens } = openable(1);
  const first = { ...connection(), call: () => new Promise<never>(() => undefined) };
  void look(pool, "a");
  opens[0]?.resolve(first);
  await opens[0]?.promise;
  void look(pool, "b");
  void look(pool, "c");
  assert.equal(opens.length, 2);
  opens[1]?.reject(new Error("too many clients"));
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(opens.length, 2);
});

test("a search that asks at several sockets sends what waits then, at each", () => {
  const { pool, opens } = openable();
  void look(pool, "a");
  assert.equal(opens[0]?.ahead?.().length, 1);
  void look(pool, "b");
  assert.equal(opens[0]?.ahead?.().length, 2);
});

test("a pool that is closed during the login says goodbye behind what was sent", async () => {
  const { pool, opens } = openable();
  const early = look(pool, "a");
  opens[0]?.ahead?.();
  await pool.close();
  const first = connection();
  opens[0]?.resolve(first);
  await early;
  assert.deepEqual(first.subjects, ["a", "goodbye"]);
});

test("a call whose arguments cannot be sent keeps its place in the order, and the others go with the login", () => {
  const call = { procedure: procedures.hostname, args: undefined } as Ahead;
  const refusing = () => {
    throw new Error("too long");
  };
  const broken = { ...call, procedure: { ...call.procedure, args: { ...call.procedure.args, write: refusing } } };
  const serials = (calls: readonly Ahead[]) => {
    const bytes = loginOpening({ opens: "qemu:///system", readOnly: false }, () => calls).further?.bytes() ?? Buffer.alloc(0);
    // Length, program, version, procedure, type, serial, status: four bytes each.
    return Array.from({ length: bytes.length / 28 }, (_, at) => bytes.readUInt32BE(28 * at + 20));
  };
  assert.deepEqual(serials([call, call, call]), [3, 4, 5]);
  assert.deepEqual(serials([call, broken, call]), [3, 5]);
});
