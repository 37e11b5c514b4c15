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

/** A Keystone and a Glance of a test's own on loopback. */
export interface OpenStack {
  /** `http://127.0.0.1:40001/v3`. */
  readonly authUrl: string;
  /** Where Glance answers, whatever the catalogue says. */
  readonly glanceUrl: string;
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

/** Starts both, which takes a few seconds. `glance`: more lines for the section DEFAULT of its configuration. */
export async function startOpenStack({ glance = "" }: { readonly glance?: string } = {}): Promise<OpenStack> {
  if (!existsSync(join(built, "recipe"))) throw new Error("run test/openstack/build first");
  const directory = mkdtempSync(join(tmpdir(), "virtform-openstack-"));
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    cpSync(join(built, "state"), directory, { recursive: true });
    const [identity = 0, image = 0] = await freePorts(2);
    const authUrl = `http://127.0.0.1:${identity}/v3`;
    const glanceUrl = `http://127.0.0.1:${image}`;
    writeConfigurations(directory, authUrl, glance);
    const setEndpoint = (interfaceName: string, url: string) => {
      using database = new DatabaseSync(join(directory, "keystone.db"), { timeout: 10_000 });
      database
        .prepare("UPDATE endpoint SET url = ? WHERE interface = ? AND service_id IN (SELECT id FROM service WHERE type = 'image')")
        .run(url, interfaceName);
    };
    for (const name of ["public", "internal", "admin"]) setEndpoint(name, glanceUrl);
    {
      using database = new DatabaseSync(join(directory, "keystone.db"));
      database.prepare("UPDATE endpoint SET url = ? WHERE url LIKE 'http://keystone.invalid%'").run(authUrl);
    }
    await Promise.all([
      start("keystone", identity, { OS_KEYSTONE_CONFIG_DIR: join(directory, "keystone") }, directory, children),
      start("glance", image, { OS_GLANCE_CONFIG_DIR: join(directory, "glance") }, directory, children),
    ]);
    return {
      ...(JSON.parse(readFileSync(join(directory, "ids.json"), "utf8")) as Pick<OpenStack, "projects" | "users" | "applicationCredential">),
      ...clientOf(authUrl, glanceUrl),
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

function writeConfigurations(directory: string, authUrl: string, glance: string): void {
  for (const name of ["keystone", "glance", "images", "staging", "tasks"]) mkdirSync(join(directory, name));
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
enabled = false
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
}

async function start(
  service: string,
  port: number,
  environment: Readonly<Record<string, string>>,
  directory: string,
  children: ChildProcess[],
): Promise<void> {
  const child = spawn(join(built, "venv/bin/python3"), [serve, service, String(port)], {
    stdio: ["ignore", "pipe", openSync(join(directory, `${service}-server.log`), "a")],
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, ...environment },
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (text) => String(text).includes("ready") && resolve());
    child.once("exit", () => reject(new Error(`${service} ended`)));
    setTimeout(() => reject(new Error(`${service} was not ready after 60 s`)), 60_000).unref();
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
