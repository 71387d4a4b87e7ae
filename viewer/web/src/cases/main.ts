/** The program of the page of cases, beside that of the viewer. */

import "./cases.css";
import { storedTheme } from "../core/theme";
import { CasePage } from "./page";

const [, base = "", id = ""] = /^(.*?)\/case(?:\/([^/]*))?\/?$/.exec(location.pathname) ?? [];
document.documentElement.classList.toggle("light", storedTheme() === "light");
const page = new CasePage(base);
document.getElementById("graphlume-cases")?.append(page.element);
void page.open(id === "" ? null : decodeURIComponent(id), new URLSearchParams(location.search));
