/**
 * A prebuilt extension of JupyterLab 4 and Notebook 7, written by hand, so that nobody has to build
 * it: it adds the marking desk to the menu Nbgrader, the command palette and the launcher.
 *
 * JupyterLab loads this file, hands its own modules to `init`, and calls `get` for the plugin.
 * The server of a course lists the homeworks in the page's configuration (see `lab.py`). In any
 * other server the list is missing, and the plugin adds nothing.
 */

/** @typedef {{get: () => Promise<() => any>}} Shared */
/** @typedef {Record<string, Record<string, Shared>>} Scope */
/** @typedef {{addItem: (item: object) => void}} Palette */
/** @typedef {{add: (item: object) => void}} Launcher */
/** @typedef {{command?: string}} MenuItem */
/**
 * @typedef {{id: string, items: MenuItem[], insertItem: (index: number, item: object) => void}} Menu
 */
/**
 * @typedef {object} App
 * @property {{addCommand: (id: string, options: object) => void}} commands
 * @property {Promise<unknown>} restored
 */
/**
 * @typedef {object} Tools
 * @property {{getOption: (name: string) => string, getBaseUrl: () => string}} PageConfig
 * @property {{join: (...parts: string[]) => string}} URLExt
 */

(() => {
  const COMMAND = "fdl-desk:open";
  const FORMGRADER = /^nbgrader:open-formgrader/;

  /** @type {Scope} */
  let scope = {};

  /**
   * Return a module of JupyterLab, or {} if this application does not have it.
   * @param {string} name
   * @returns {Promise<any>}
   */
  async function load(name) {
    const [version] = Object.values(scope[name] ?? {});
    return version ? (await version.get())() : {};
  }

  /**
   * Return the names of the course's homeworks; none if the server is not a course's.
   * @param {Tools} tools
   * @returns {string[]}
   */
  function homeworks(tools) {
    return JSON.parse(tools.PageConfig.getOption("fdlDesk") || "[]");
  }

  /**
   * Add the items to the menu Nbgrader, below the formgrader.
   * @param {readonly Menu[]} menus
   * @param {object[]} items
   */
  function addToMenu(menus, items) {
    const menu = menus.find((each) => each.id === "jp-mainmenu-nbgrader");
    if (!menu) {
      return;
    }
    const last = menu.items.map((item) => FORMGRADER.test(item.command ?? "")).lastIndexOf(true);
    const place = last < 0 ? menu.items.length : last + 1;
    items.forEach((item, index) => menu.insertItem(place + index, item));
  }

  async function makePlugin() {
    const [tools, { IMainMenu }, { ICommandPalette }, { ILauncher }] = await Promise.all([
      load("@jupyterlab/coreutils"),
      load("@jupyterlab/mainmenu"),
      load("@jupyterlab/apputils"),
      load("@jupyterlab/launcher"),
    ]);
    const tokens = [IMainMenu, ICommandPalette, ILauncher];

    /**
     * @param {App} app
     * @param {...any} given
     */
    function activate(app, ...given) {
      const names = homeworks(tools);
      if (!names.length) {
        return;
      }
      const known = tokens.filter(Boolean);
      const service = (/** @type {unknown} */ token) => token && given[known.indexOf(token)];
      /** @type {{menus: readonly Menu[]} | undefined} */
      const mainMenu = service(IMainMenu);
      /** @type {Palette | undefined} */
      const palette = service(ICommandPalette);
      /** @type {Launcher | undefined} */
      const launcher = service(ILauncher);

      app.commands.addCommand(COMMAND, {
        label: (/** @type {{homework?: string}} */ { homework = "" }) => `Marking Desk: ${homework}`,
        caption: "Mark proofs and texts by hand, one answer at a time",
        execute: (/** @type {{homework?: string}} */ { homework = names[0] }) => {
          const address = tools.URLExt.join(
            tools.PageConfig.getBaseUrl(),
            "fdl-desk",
            encodeURIComponent(String(homework)),
          );
          window.open(address, "_blank", "noopener");
        },
      });
      const items = names.map((homework) => ({ command: COMMAND, args: { homework } }));
      items.forEach((item) => palette?.addItem({ ...item, category: "nbgrader" }));
      items.forEach((item) => launcher?.add({ ...item, category: "Other" }));
      app.restored.then(() => addToMenu(mainMenu?.menus ?? [], items));
    }

    return { id: "@fdl/desk:plugin", autoStart: true, optional: tokens.filter(Boolean), activate };
  }

  const page = /** @type {Record<string, any>} */ (/** @type {unknown} */ (window));
  page._JUPYTERLAB = page._JUPYTERLAB ?? {};
  page._JUPYTERLAB["@fdl/desk"] = {
    /** @param {Scope} given */
    init(given) {
      scope = given;
    },
    /** @param {string} module */
    async get(module) {
      if (module !== "./extension") {
        throw new Error(`@fdl/desk has no module ${module}`);
      }
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
