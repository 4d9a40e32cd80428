import { useQuery } from "../api/query.ts";
import { publishes } from "../app/features.ts";
import { isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { type Tab, Tabs } from "../components/tabs.tsx";
import { t } from "../i18n/i18n.ts";
import { Setup } from "../publish/setup.tsx";
import { Sites } from "../publish/sites.tsx";
import { Tunnels } from "../publish/tunnels.tsx";

/** Host names, sites, and what it takes to publish them. */
export default function Publish() {
  if (!publishes) return <Empty title={t("publish.off")} text={t("publish.off_text")} />;
  return (
    <>
      <h1>{t("nav.publish")}</h1>
      <Parts />
    </>
  );
}

function Parts() {
  const { query, set } = useUrlState();
  const { data, error, reload } = useQuery("GET /v1/publish/status", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const tabs: Tab[] = [
    { id: "hosts", title: t("publish.hosts"), content: () => <Tunnels domain={data.domain} /> },
    { id: "sites", title: t("publish.sites"), content: () => <Sites status={data} /> },
  ];
  if (isSuperadmin()) {
    tabs.push({ id: "setup", title: t("publish.setup"), content: () => <Setup status={data} /> });
  }
  return (
    <Tabs
      label={t("nav.publish")}
      tabs={tabs}
      open={query["tab"] ?? "hosts"}
      onOpen={(tab) => set({ tab, sort: "" })}
    />
  );
}
