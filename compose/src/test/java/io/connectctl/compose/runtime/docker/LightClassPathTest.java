package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line previews files without docker-java on its class path (bin/connectctl, light_path). */
class LightClassPathTest {
    @TempDir
    Path root = Path.of("set by JUnit");

    @Test
    void previewNeedsNoDockerJava() throws Exception {
        List<URL> light = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("docker-java") && !entry.contains("httpc") && !entry.contains("commons-")) {
                light.add(Path.of(entry).toUri().toURL());
            }
        }
        try (URLClassLoader loader =
                new URLClassLoader(light.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            Class<?> folders = loader.loadClass("io.connectctl.compose.runtime.Folders");
            Object here = folders.getConstructor(Path.class, Path.class, Path.class, Path.class)
                    .newInstance(root, root, root, root);
            Class<?> choice = loader.loadClass("io.connectctl.compose.spec.PortChoice");
            Object auto = loader.loadClass("io.connectctl.compose.spec.PortChoice$Auto")
                    .getConstructor()
                    .newInstance();
            Object spec = loader.loadClass("io.connectctl.compose.runtime.testing.Plans")
                    .getMethod("spec", String.class, choice)
                    .invoke(null, "sales", auto);
            Class<?> runtimes = loader.loadClass("io.connectctl.compose.runtime.Runtimes");
            Object runtime = runtimes.getMethod("create", String.class, folders, Map.class)
                    .invoke(null, "docker", here, Map.of("HOME", root.toString()));
            Object site = loader.loadClass("io.connectctl.compose.runtime.ServerRuntime")
                    .getMethod("plannedSite", spec.getClass())
                    .invoke(runtime, spec);
            assertThat(site.toString()).contains("/opt/connectctl/conf", "/opt/spark");
            runtime.getClass().getMethod("close").invoke(runtime);
        }
    }
}
