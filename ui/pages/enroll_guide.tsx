import { useEffect, useRef, useState } from "preact/hooks";
import type { Enrollment } from "../api/types.ts";
import { CopyButton } from "../components/copy_button.tsx";
import { formatCountdown } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

export interface EnrollGuideProps {
  readonly enrollment: Enrollment;
  /** Whether the code was used. */
  readonly redeemed: boolean;
  /** Whether the machine has been enrolled before. */
  readonly isAgain: boolean;
  readonly onAgain: () => void;
  readonly onDismiss: () => void;
}

/** What to run on the machine; a code that ran out is no longer shown. */
export function EnrollGuide(props: EnrollGuideProps) {
  const { enrollment, redeemed, isAgain, onAgain, onDismiss } = props;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const dismiss = (
    <button type="button" class="button" onClick={onDismiss}>{t("action.close")}</button>
  );
  if (redeemed) {
    return (
      <div class="stack">
        <p class="muted" role="status">{t("enroll.redeemed")}</p>
        <footer>{dismiss}</footer>
      </div>
    );
  }
  const left = Date.parse(enrollment.expires_at) - now;
  if (left <= 0) {
    return (
      <div class="stack">
        <p class="alert" role="alert">{t("enroll.expired")}</p>
        <footer>
          {dismiss}
          <button type="button" class="button primary" onClick={onAgain}>
            {t("enroll.again")}
          </button>
        </footer>
      </div>
    );
  }
  return (
    <div class="stack">
      <Commands enrollment={enrollment} isAgain={isAgain} left={left} />
      <p class="muted" role="status">{t("enroll.waiting")}</p>
      <footer>{dismiss}</footer>
    </div>
  );
}

type Way = "binary" | "docker";

interface CommandsProps extends Pick<EnrollGuideProps, "enrollment" | "isAgain"> {
  /** Milliseconds that the code still works. */
  readonly left: number;
}

function Commands({ enrollment, isAgain, left }: CommandsProps) {
  const shown = useRef<HTMLElement>(null);
  const [way, setWay] = useState<Way>("binary");
  const command = commandOf(way, enrollment);
  return (
    <>
      <div class="segments" role="group" aria-label={t("enroll.run")}>
        {(["binary", "docker"] as const).map((it) => (
          <button
            key={it}
            type="button"
            aria-pressed={it === way}
            onClick={() => setWay(it)}
          >
            {it === "docker" ? "Docker" : t("enroll.binary")}
          </button>
        ))}
      </div>
      <p>{t("enroll.run")}</p>
      {isAgain && way === "docker" && (
        <p class="muted">
          {t("enroll.docker_first")}{" "}
          <code>docker rm -f portunus-client && docker volume rm portunus-client</code>
        </p>
      )}
      <code class="command" ref={shown}>{command}</code>
      <div class="row">
        <CopyButton text={command} shown={shown} />
        <span class="muted">{t("enroll.left", { time: formatCountdown(left) })}</span>
      </div>
    </>
  );
}

/** One line for a shell; URIs have nothing in them that ends a quotation. */
function commandOf(way: Way, { command, uri }: Enrollment): string {
  switch (way) {
    case "binary":
      return `${command} --out bundle.json && portunus-client --bundle bundle.json`;
    case "docker":
      return "docker run -d --name portunus-client --network host --restart unless-stopped " +
        `-e PORTUNUS_ENROLL_URI='${uri}' -v portunus-client:/etc/portunus portunus-client`;
    default:
      return way satisfies never;
  }
}
