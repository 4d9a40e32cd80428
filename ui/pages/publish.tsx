import { publishes } from "../app/features.ts";
import { useUrlState } from "../app/url_state.ts";
import { Empty } from "../components/states.tsx";
import { type Tab, Tabs } from "../components/tabs.tsx";
import { t } from "../i18n/i18n.ts";
import { Tunnels } from "../publish/tunnels.tsx";

/** Host names, sites, and what it takes to publish them. */
export default function Publish() {
  const { query, set } = useUrlState();
  if (!publishes) return <Empty title={t("publish.off")} text={t("publish.off_text")} />;
  const tabs: readonly Tab[] = [
    { id: "hosts", title: t("publish.hosts"), content: () => <Tunnels domain={null} /> },
  ];
  return (
    <>
      <h1>{t("nav.publish")}</h1>
      <Tabs
        label={t("nav.publish")}
        tabs={tabs}
        open={query["tab"] ?? "hosts"}
        onOpen={(tab) => set({ tab, sort: "" })}
      />
    </>
  );
}
