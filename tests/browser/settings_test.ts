import { administered, visit } from "./console.ts";
import { browserTest } from "./kit.ts";

browserTest(
  "the address that clients connect to is set, refused and cleared",
  async (lab, open) => {
    const { tab, server } = await administered(lab, open);
    const { page } = tab;
    await visit(tab, "Settings");
    await page.getByText("this machine").waitFor();
    await tab.inspect("settings-admin");
    await tab.fill("Override", "localhost:7443");
    await tab.press("Save");
    await page.getByText("The address was saved.").waitFor();
    await page.getByRole("definition").getByText("localhost:7443").waitFor();
    await tab.press("Clear the override");
    await page.getByText("this machine").waitFor();
    await tab.fill("Override", "nowhere.example");
    await tab.press("Save");
    await page.getByText("endpoint_invalid").waitFor();
    await page.goto(`http://${server.http}/nowhere`);
    await tab.heading("There is nothing here");
  },
);
