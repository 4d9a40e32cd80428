import assert from "node:assert/strict";
import {
  bundleCandidates,
  defaultBundlePath,
  defaultStatePath,
  defaultSuccessionPath,
  resolveBundlePath,
} from "./bundle_path.ts";

const env = (values: Record<string, string>) => (name: string) => values[name];

Deno.test("bundleCandidates() skips unset and empty variables", () => {
  assert.deepEqual(bundleCandidates(env({})), ["./client.bundle.json"]);
  assert.deepEqual(
    bundleCandidates(env({ PORTUNUS_CLIENT_BUNDLE: "/b", XDG_CONFIG_HOME: "", HOME: "/h" })),
    [
      "/b",
      "/h/.config/portunus/client.bundle.json",
      "./client.bundle.json",
    ],
  );
});

Deno.test("defaultBundlePath() never consults PORTUNUS_CLIENT_BUNDLE", () => {
  assert.equal(
    defaultBundlePath(env({ PORTUNUS_CLIENT_BUNDLE: "/b", XDG_CONFIG_HOME: "/x" })),
    "/x/portunus/client.bundle.json",
  );
  assert.equal(defaultBundlePath(env({ HOME: "/h" })), "/h/.config/portunus/client.bundle.json");
  assert.equal(defaultBundlePath(env({})), "./client.bundle.json");
});

Deno.test("resolveBundlePath() uses an explicit path as is, else the first file, else lists the attempts", () => {
  const options = {
    env: env({ HOME: "/h" }),
    isFile: (path: string) => path === "./client.bundle.json",
  };
  assert.deepEqual(resolveBundlePath({ ...options, explicit: "/gone" }), { path: "/gone" });
  assert.deepEqual(resolveBundlePath({ ...options, explicit: undefined }), {
    path: "./client.bundle.json",
  });
  assert.deepEqual(resolveBundlePath({ ...options, explicit: undefined, isFile: () => false }), {
    attempted: ["/h/.config/portunus/client.bundle.json", "./client.bundle.json"],
  });
});

Deno.test("defaultStatePath() is in the state directory, else beside the bundle", () => {
  const state = { STATE_DIRECTORY: "/var/lib/portunus-client" };
  const bundle = "/etc/portunus/client.bundle.json";
  assert.equal(
    defaultStatePath(bundle, env(state)),
    "/var/lib/portunus-client/client.state.json",
  );
  const without: Record<string, string>[] = [{}, { STATE_DIRECTORY: "" }];
  for (const values of without) {
    assert.equal(defaultStatePath(bundle, env(values)), "/etc/portunus/client.bundle.state.json");
    assert.equal(defaultStatePath("./edge", env(values)), "./edge.state.json");
  }
});

Deno.test("defaultSuccessionPath() is in the runtime directory, else beside the state", () => {
  const state = "/var/lib/portunus-client/client.state.json";
  const runtime = { RUNTIME_DIRECTORY: "/run/portunus-client" };
  assert.equal(defaultSuccessionPath(state, env(runtime)), "/run/portunus-client/client.sock");
  assert.equal(defaultSuccessionPath("./edge.state.json", env({})), "./edge.state.sock");
});
