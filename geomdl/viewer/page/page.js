// Runs once in a visitor's page: light as in our pictures, exact colours, and what the server asks.
(function (options) {
  const start = () => {
    const viser = window.__viserMutable, points = window.__viserTestpoints;
    if (!viser || !viser.scene || !points) return setTimeout(start, 20);
    const send = (message) => viser.sendMessage({
      type: "LocalStorageGetItemResponseMessage",
      request_uuid: options.token, value: JSON.stringify(message), error: null,
    });
    const again = window.__geomdl;
    const page = again || (window.__geomdl = {});
    page.send = send;
    if (!again) prepare(page, viser, points);
    send({ hello: page.search, base: location.origin + location.pathname,
           ratio: window.innerWidth / window.innerHeight });
  };

  function prepare(page, viser, points) {
    // viser rewrites the address without escapes; what was asked for is kept here.
    const asked = new URL(performance.getEntriesByType("navigation")[0].name);
    page.search = asked.protocol.startsWith("http") ? asked.search : "";
    page.remember = (query) => {
      page.search = query ? "?" + query : "";
      try { history.replaceState(null, "", location.pathname + page.search); } catch (_) {}
    };
    page.remember(page.search.slice(1));
    document.title = options.title;
    const found = prototypes(viser.scene);
    if (found.geometry) keepNormals(page, found.geometry);
    if (found.material) lightMaterials(found.material);
    const store = viser.scene.__r3f && viser.scene.__r3f.root;
    const state = store && store.getState && store.getState();
    if (state && state.gl) exactColours(state.gl);
    page.background = (color) => {
      viser.scene.background = color && found.Color ? new found.Color(color) : null;
      viser.requestRender();
    };
    page.speed = (metres) => {
      const controls = viser.cameraControl;
      for (const name of ["truck", "forward", "elevate"]) {
        const before = controls[name];
        // Only the keys move without a transition, at 2 units per second.
        controls[name] = function (a, b, c) {
          const moves = name === "truck" ? [a, b] : [a], smooth = name === "truck" ? c : b;
          const scale = smooth === false ? metres / 2 : 1;
          return before.call(this, ...moves.map((x) => x * scale), smooth);
        };
      }
      page.speed = () => {};
    };
    page.styles = {};
    const restyle = page.restyle = (mark, style) => style && viser.scene.traverse((thing) => {
      if (!thing.isMesh || !thing.geometry.userData || thing.geometry.userData.geomdl !== mark) return;
      const material = thing.material, kept = material.userData;
      kept.geomdl = style.lit && thing.geometry.attributes.normal ? "lit" : "plain";
      material.side = style.front ? 0 : 2;
      material.opacity = kept.opacity * style.opacity;
      material.transparent = material.opacity < 1 || kept.clear;
      material.depthWrite = !material.transparent;
      material.needsUpdate = true;
    });
    page.style = (mark, style) => { page.styles[mark] = style; restyle(mark, style); viser.requestRender(); };
    page.overlay = overlay(points.rendererInfo);
    if (state && state.setFrameloop) rest(viser, store, page.overlay.tick);
    if (state && state.gl) pace(page, state.gl, points.rendererInfo);
  }

  function prototypes(scene) {
    const found = {};
    const owner = (thing, method) => {
      for (let p = thing; p; p = Object.getPrototypeOf(p))
        if (Object.hasOwn(p, method) && p !== thing) return p;
      return null;
    };
    scene.traverse((thing) => {
      if (thing.geometry && !found.geometry)
        found.geometry = owner(thing.geometry, "computeVertexNormals");
      for (const material of thing.material ? [thing.material].flat() : []) {
        found.material = found.material || owner(material, "onBeforeCompile");
        if (material.color && material.color.isColor) found.Color = material.color.constructor;
      }
    });
    return found;
  }

  function keepNormals(page, prototype) {
    const compute = prototype.computeVertexNormals;
    prototype.computeVertexNormals = function () {
      const mark = this.userData && this.userData.geomdl;
      if (!mark) return compute.call(this);
      requestAnimationFrame(() => {
        page.restyle(mark, page.styles[mark]);
        page.send({ ready: mark });
        window.__viserMutable.requestRender();
      });
    };
  }

  function lightMaterials(prototype) {
    const key = prototype.customProgramCacheKey;
    prototype.customProgramCacheKey = function () {
      return "geomdl" in this.userData ? "geomdl " + this.userData.geomdl : key.call(this);
    };
    const compile = prototype.onBeforeCompile;
    prototype.onBeforeCompile = function (shader, renderer) {
      const kind = this.userData.geomdl;
      if (kind === undefined) return compile.call(this, shader, renderer);
      const lit = kind === "lit", line = this.isLineBasicMaterial;
      // Edges lie just before their surface.
      const nearer = line ? "mvPosition.xyz *= 0.9992; gl_Position = projectionMatrix * mvPosition;" : "";
      const carry = lit ? "geomdlNormal = normalMatrix * normal; geomdlView = -mvPosition.xyz;" : "";
      const declare = lit ? "varying vec3 geomdlNormal; varying vec3 geomdlView;\n" : "";
      shader.vertexShader = declare + shader.vertexShader.replace(
        "#include <project_vertex>", "#include <project_vertex>\n" + nearer + carry);
      shader.fragmentShader = declare + (lit ? options.light : "") + shader.fragmentShader
        .replace("#include <tonemapping_fragment>", "")
        .replace("#include <opaque_fragment>",
          (lit ? "outgoingLight = geomdlLight(outgoingLight);\n" : "") + "#include <opaque_fragment>");
    };
  }

  function exactColours(gl) {
    gl.debug.checkShaderErrors = false; // asking for errors waits for the compiler
    gl.toneMapping = 0;
    Object.defineProperty(gl, "toneMapping", { get: () => 0, set: () => {} });
  }

  // viser draws once a second where nothing changes. Here nothing is drawn from some seconds after
  // the last message, input or change of size until the next; meanwhile `tick` runs every second.
  function rest(viser, store, tick) {
    let last = 0, timer = 0, ticking = 0;
    const sleep = () => {
      const left = last + options.rest - performance.now();
      timer = left > 0 ? setTimeout(sleep, left) : 0;
      if (timer) return;
      store.getState().setFrameloop("never");
      clearInterval(ticking);
      tick(true);
    };
    const wake = () => {
      last = performance.now();
      if (timer) return;
      timer = setTimeout(sleep, options.rest);
      ticking = setInterval(tick, 1000);
      const state = store.getState();
      if (state.frameloop === "never") { state.setFrameloop("demand"); state.invalidate(); }
    };
    const request = viser.requestRender;
    viser.requestRender = () => { wake(); request(); };
    for (const name of ["pointerdown", "pointermove", "wheel", "keydown", "resize", "focus"])
      window.addEventListener(name, wake, { capture: true, passive: true });
    document.addEventListener("visibilitychange", wake);
    new ResizeObserver(wake).observe(store.getState().gl.domElement);
    store.subscribe((state) => { if (state.frameloop !== "never" && !timer) wake(); });
    wake();
  }

  // Tells the server how fast a cloud is drawn while the camera moves, so that it shows fewer points.
  function pace(page, gl, info) {
    const draw = gl.render, gaps = [];
    let before = 0, seen = "", told = 0;
    gl.render = function (scene, camera) {
      draw.call(this, scene, camera);
      const now = performance.now(), gap = now - before;
      if (!camera.isPerspectiveCamera || gap < 2) return;
      const place = camera.matrixWorld.elements.join();
      if (info.render.points && seen && place !== seen && gap < 1000) gaps.push(gap);
      before = now; seen = place;
      if (gaps.length < 6 || now - told < 1000) return;
      // Longer gaps are pauses of the hand.
      const rate = 1000 / gaps.splice(0).sort((a, b) => a - b)[2];
      told = now;
      page.send({ pace: rate });
    };
  }

  function overlay(info) {
    const box = document.createElement("div");
    box.id = "geomdl-overlay";
    box.style.cssText = "position:fixed;left:10px;bottom:8px;z-index:5;pointer-events:none;" +
      "font:12px ui-monospace,monospace;color:#777;text-shadow:0 0 2px #fff8;user-select:none";
    document.body.appendChild(box);
    const mega = (bytes) => Math.round(bytes / 2 ** 20) + " MB";
    const many = (n) => n >= 1e6 ? (n / 1e6).toFixed(1) + " M" : n >= 1e4 ? Math.round(n / 1e3) + " k" : n;
    let frame = info.render.frame, time = performance.now(), server = 0, marks = 0, shown = "";
    const tick = (idle) => {
      if (document.hidden || box.hidden) return;
      const now = performance.now(), rate = idle === true ? 0 : (info.render.frame - frame) / (now - time) * 1000;
      frame = info.render.frame; time = now;
      const parts = [rate > 3 ? Math.round(rate) + " fps" : "idle"];
      const points = info.render.points - marks; // two triangles are viser's own
      if (info.render.triangles > 2) parts.push(many(info.render.triangles) + " triangles");
      if (points > 0) parts.push(many(points) + " points");
      if (performance.memory) parts.push("page " + mega(performance.memory.usedJSHeapSize));
      if (server) parts.push("server " + mega(server));
      const text = parts.join(" \u00b7 ");
      if (text !== shown) box.textContent = shown = text;
    };
    return {
      tick,
      show: (visible) => { box.hidden = !visible; },
      server: (bytes) => { server = bytes; },
      marks: (points) => { marks = points; },
    };
  }

  start();
})
