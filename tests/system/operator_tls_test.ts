import assert from "node:assert/strict";
import { systemRandom } from "../../src/system/random.ts";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { sourcePrograms } from "../kit/programs.ts";

const certificate = () =>
  generateSelfSigned({
    commonName: "lab",
    names: ["localhost", "127.0.0.1"],
    nowMs: Date.now(),
    random: systemRandom,
  });

/** Puts a new certificate for operators in place, as whoever renews one does; returns it as PEM. */
async function renew(lab: Lab): Promise<string> {
  const { certPem, keyPem } = await certificate();
  await Deno.writeTextFile(lab.path("next.key"), keyPem, { mode: 0o600 });
  await Deno.writeTextFile(lab.path("next.crt"), certPem);
  await Deno.rename(lab.path("next.key"), lab.path("operator.key"));
  await Deno.rename(lab.path("next.crt"), lab.path("operator.crt"));
  return certPem;
}

labTest(
  "the operator API speaks HTTPS itself, and takes over a renewed certificate",
  async (lab) => {
    const first = await renew(lab);
    const token = await lab.bootstrap(lab.path("server"));
    const server = await lab.server({
      config: {
        operator_http_tls_cert: lab.path("operator.crt"),
        operator_http_tls_key: lab.path("operator.key"),
      },
    });
    const url = `https://${server.http}`;
    const get = async (ca: string) => {
      using client = Deno.createHttpClient({ caCerts: [ca] });
      const answer = await fetch(`${url}/healthz`, { client });
      await answer.body?.cancel();
      return answer;
    };
    const answer = await get(first);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("strict-transport-security") ?? "", /max-age/);

    await Deno.writeTextFile(lab.path("ca.crt"), first);
    const list = await lab.serverCommand(
      ["list-rules", "--endpoint-url", url, "--ca-file", lab.path("ca.crt"), "--format", "json"],
      { PORTUNUS_OPERATOR_TOKEN: token },
    );
    assert.deepEqual([list.code, list.stdout], [0, "[]\n"], list.stderr);

    const mark = server.process.mark();
    const second = await renew(lab);
    // Nobody sends SIGHUP: the files are looked at.
    await server.process.event("config.reloaded", {}, mark);
    assert.equal((await get(second)).status, 200);
    await assert.rejects(get(first));
    assert.equal(await server.process.stop(), 0);
  },
  // The files are looked at every ten seconds.
  () => sourcePrograms({ preload: "time_lapse.ts?speed=8" }),
);

labTest("a plain request to an HTTPS port, and a shared key, are refused", async (lab) => {
  await renew(lab);
  const config = {
    operator_http_tls_cert: lab.path("operator.crt"),
    operator_http_tls_key: lab.path("operator.key"),
  };
  const server = await lab.server({ config });
  await assert.rejects(fetch(`http://${server.http}/healthz`));
  await server.process.stop();
  await Deno.chmod(lab.path("operator.key"), 0o644);
  const { process } = await lab.launchServer({ config });
  assert.equal(await process.status, 1);
  assert.match(process.transcript(), /operator\.key has mode 0644/);
});
