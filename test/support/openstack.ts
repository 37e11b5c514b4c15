import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { freePorts } from "./free-ports.ts";

const built = fileURLToPath(new URL("../../.cache/openstack/", import.meta.url));
const serve = fileURLToPath(new URL("../openstack/serve.py", import.meta.url));

/** The password of every user that test/openstack/build makes. */
export const password = "secret-of-tests";

/** How user `ops` logs in, as clouds.yaml has it. */
export const passwordLogin = (authUrl: string) => ({
  auth_url: authUrl,
  username: "ops",
  password,
  project_name: "shop",
  user_domain_name: "Default",
  project_domain_name: "Default",
});

/** A Keystone, a Glance and, where it was asked for, a Barbican of a test's own on loopback. */
export interface OpenStack {
  /** `http://127.0.0.1:40001/v3`. */
  readonly authUrl: string;
  /** Where Glance answers, whatever the catalogue says. */
  readonly glanceUrl: string;
  /** Keeps a certificate (PEM) in Barbican, for the users of project shop; gives its id. */
  keepCertificate(pem: string): Promise<string>;
  /** Takes a certificate out of Barbican. */
  withdrawCertificate(id: string): Promise<void>;
  readonly projects: Readonly<Record<"service" | "shop" | "other", string>>;
  readonly users: Readonly<Record<"glance" | "ops" | "guest" | "stranger", string>>;
  readonly applicationCredential: { readonly id: string; readonly secret: string };
  readonly directory: string;
  /** Environment variables for a user of a project: ops and guest (reader) in shop, stranger in other, admin in admin. */
  environment(user?: string, project?: string): Record<string, string>;
  /** Writes an address of Glance into the catalogue. */
  setEndpoint(interfaceName: "public" | "internal" | "admin", url: string): void;
  /** A token of Keystone. */
  token(user?: string, project?: string): Promise<string>;
  /** A request to Glance as this user (default: ops in shop). Throws where the status is not 2xx. */
  glance(method: string, path: string, options?: GlanceOptions): Promise<Response>;
  /** Creates an image and uploads its content; gives its id. */
  upload(fields: Readonly<Record<string, unknown>>, content: Uint8Array): Promise<string>;
  stop(): Promise<void>;
}

interface GlanceOptions {
  readonly body?: unknown;
  readonly data?: Uint8Array;
  readonly type?: string;
  readonly user?: string;
  readonly project?: string;
}

/**
 * Starts them, which takes a few seconds. `glance`: more lines for the section DEFAULT of its configuration; `barbican`: with a key manager. Glance
 * itself does not ask that one. `of`: only another Glance, in the catalogue of this one's Keystone until it is stopped.
 */
export async function startOpenStack({
  glance = "",
  barbican = false,
  of,
}: {
  readonly glance?: string;
  readonly barbican?: boolean;
  readonly of?: OpenStack;
} = {}): Promise<OpenStack> {
  if (!existsSync(join(built, "recipe"))) throw new Error("run test/openstack/build first");
  const directory = mkdtempSync(join(tmpdir(), "virtform-openstack-"));
  const children: ChildProcess[] = [];
  const restore: (() => void)[] = [];
  const stop = async () => {
    for (const one of restore) one();
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    cpSync(join(built, "state"), directory, { recursive: true });
    const [identity = 0, image = 0, keys = 0] = await freePorts(3);
    const authUrl = of?.authUrl ?? `http://127.0.0.1:${identity}/v3`;
    const catalogue = join((of ?? { directory }).directory, "keystone.db");
    const glanceUrl = `http://127.0.0.1:${image}`;
    writeConfigurations(directory, authUrl, glance);
    const keysUrl = `http://127.0.0.1:${keys}`;
    const setAddress = (interfaceName: string, url: string, type: string) => {
      using database = new DatabaseSync(catalogue, { timeout: 10_000 });
      const which = "WHERE interface = ? AND service_id IN (SELECT id FROM service WHERE type = ?)";
      const before = database.prepare(`SELECT url FROM endpoint ${which}`).get(interfaceName, type)?.["url"];
      database.prepare(`UPDATE endpoint SET url = ? ${which}`).run(url, interfaceName, type);
      return String(before);
    };
    const setEndpoint = (interfaceName: string, url: string) => void setAddress(interfaceName, url, "image");
    for (const name of ["public", "internal", "admin"]) {
      const before = setAddress(name, glanceUrl, "image");
      if (of === undefined) setAddress(name, keysUrl, "key-manager");
      else restore.push(() => setEndpoint(name, before));
    }
    if (of === undefined) {
      using database = new DatabaseSync(join(directory, "keystone.db"));
      database.prepare("UPDATE endpoint SET url = ? WHERE url LIKE 'http://keystone.invalid%'").run(authUrl);
    }
    await Promise.all([
      ...(of === undefined
        ? [start("keystone", identity, { OS_KEYSTONE_CONFIG_DIR: join(directory, "keystone") }, directory, children)]
        : []),
      start("glance", image, { OS_GLANCE_CONFIG_DIR: join(directory, "glance") }, directory, children),
      ...(barbican ? [start("barbican", keys, {}, directory, children, [`${built}venv/etc/barbican/barbican-api-paste.ini`])] : []),
    ]);
    const client = clientOf(authUrl, glanceUrl);
    return {
      ...(JSON.parse(readFileSync(join(directory, "ids.json"), "utf8")) as Pick<OpenStack, "projects" | "users" | "applicationCredential">),
      ...client,
      ...keeperOf(keysUrl, client.token),
      authUrl,
      glanceUrl,
      directory,
      setEndpoint,
      stop,
    };
  } catch (error) {
    const logs = readdirSync(directory)
      .filter((name) => name.endsWith(".log"))
      .map((name) => `${name}:\n${readFileSync(join(directory, name), "utf8").slice(-3000)}`);
    await stop();
    throw new Error(`OpenStack did not start:\n${logs.join("\n")}`, { cause: error });
  }
}

function clientOf(authUrl: string, glanceUrl: string): Pick<OpenStack, "environment" | "token" | "glance" | "upload"> {
  const tokens = new Map<string, Promise<string>>();
  const login = async (user: string, project: string) => {
    const domain = { id: "default" };
    const identityFields = { methods: ["password"], password: { user: { name: user, password, domain } } };
    const body = JSON.stringify({ auth: { identity: identityFields, scope: { project: { name: project, domain } } } });
    const answer = await fetch(`${authUrl}/auth/tokens`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const token = answer.headers.get("x-subject-token");
    if (token === null) throw new Error(`Keystone answers ${answer.status}: ${await answer.text()}`);
    return token;
  };
  const token = (user = "ops", project = "shop") => {
    const key = `${user}/${project}`;
    const known = tokens.get(key) ?? login(user, project);
    tokens.set(key, known);
    return known;
  };
  const glance = async (method: string, path: string, { body, data, type, user, project }: GlanceOptions = {}) => {
    const headers = {
      "x-auth-token": await token(user, project),
      "content-type": type ?? (data === undefined ? "application/json" : "application/octet-stream"),
    };
    const content = data === undefined ? (body === undefined ? undefined : JSON.stringify(body)) : Buffer.from(data);
    const answer = await fetch(`${glanceUrl}${path}`, { method, headers, ...(content === undefined ? {} : { body: content }) });
    if (!answer.ok) throw new Error(`${method} ${path}: Glance answers ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    environment: (user = "ops", project = "shop") => ({
      OS_AUTH_URL: authUrl,
      OS_USERNAME: user,
      OS_PASSWORD: password,
      OS_PROJECT_NAME: project,
      OS_USER_DOMAIN_ID: "default",
      OS_PROJECT_DOMAIN_ID: "default",
      OS_REGION_NAME: "RegionOne",
    }),
    token,
    glance,
    async upload(fields, content) {
      const { id } = (await (await glance("POST", "/v2/images", { body: { container_format: "bare", ...fields } })).json()) as {
        id: string;
      };
      await glance("PUT", `/v2/images/${id}/file`, { data: content });
      return id;
    },
  };
}

function keeperOf(keysUrl: string, token: OpenStack["token"]): Pick<OpenStack, "keepCertificate" | "withdrawCertificate"> {
  const ask = async (method: string, url: string, body?: object) => {
    const headers = { "x-auth-token": await token(), "content-type": "application/json" };
    const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${url}: Barbican answers ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    async keepCertificate(pem) {
      const payload = { payload_content_type: "application/octet-stream", payload_content_encoding: "base64" };
      const secret = { name: "signer", secret_type: "certificate", payload: Buffer.from(pem).toString("base64"), ...payload };
      const { secret_ref: ref } = (await (await ask("POST", `${keysUrl}/v1/secrets`, secret)).json()) as { secret_ref: string };
      return ref.slice(ref.lastIndexOf("/") + 1);
    },
    async withdrawCertificate(id) {
      await ask("DELETE", `${keysUrl}/v1/secrets/${id}`);
    },
  };
}

// Without its cache Keystone asks the database hundreds of times about one token, which takes most of a test's processor time. The cache is that of the
// one process. The catalogue is not in it: setEndpoint changes that in the database.
function writeConfigurations(directory: string, authUrl: string, glance: string): void {
  for (const name of ["keystone", "glance", ".barbican", "images", "staging", "tasks"]) mkdirSync(join(directory, name));
  writeFileSync(
    join(directory, "keystone/keystone.conf"),
    `[DEFAULT]
log_file = ${directory}/keystone.log
[database]
connection = sqlite:///${directory}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = ${directory}/fernet
[credential]
key_repository = ${directory}/credential
[cache]
enabled = true
backend = dogpile.cache.memory
[catalog]
caching = false
`,
  );
  writeFileSync(
    join(directory, "glance/glance-api.conf"),
    `[DEFAULT]
log_file = ${directory}/glance.log
enabled_backends = store:file
show_image_direct_url = true
show_multiple_locations = true
${glance}
[glance_store]
default_backend = store
[store]
filesystem_store_datadir = ${directory}/images
[os_glance_staging_store]
filesystem_store_datadir = ${directory}/staging
[os_glance_tasks_store]
filesystem_store_datadir = ${directory}/tasks
[database]
connection = sqlite:///${directory}/glance.db
[keystone_authtoken]
www_authenticate_uri = ${authUrl}
auth_url = ${authUrl}
auth_type = password
username = glance
password = ${password}
project_name = service
user_domain_id = default
project_domain_id = default
[paste_deploy]
flavor = keystone
config_file = ${built}venv/etc/glance/glance-api-paste.ini
`,
  );
  writeFileSync(
    join(directory, ".barbican/barbican.conf"),
    `[DEFAULT]
log_file = ${directory}/barbican.log
[database]
connection = sqlite:///${directory}/barbican.db
[queue]
enable = False
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg=
[keystone_authtoken]
www_authenticate_uri = ${authUrl}
auth_url = ${authUrl}
auth_type = password
username = barbican
password = ${password}
project_name = service
user_domain_id = default
project_domain_id = default
`,
  );
}

async function start(
  service: string,
  port: number,
  environment: Readonly<Record<string, string>>,
  directory: string,
  children: ChildProcess[],
  more: readonly string[] = [],
): Promise<void> {
  const child = spawn(join(built, "venv/bin/python3"), [serve, service, String(port), ...more], {
    stdio: ["ignore", "pipe", openSync(join(directory, `${service}-server.log`), "a")],
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, ...environment },
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (text) => String(text).includes("ready") && resolve());
    child.once("exit", () => reject(new Error(`${service} ended`)));
    setTimeout(() => reject(new Error(`${service} was not ready after 180 s`)), 180_000).unref();
  });
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(10_000) });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await ended;
}
