package io.connectctl.compose.runtime;

import io.connectctl.compose.runtime.docker.DockerRuntime;
import io.connectctl.compose.runtime.process.ProcessRuntime;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Every runtime there is, by its name in declarations. A new runtime is one line here. */
public final class Runtimes {
    /** Makes a runtime for one installation. */
    @FunctionalInterface
    public interface Factory {
        /**
         * Makes one.
         *
         * @param folders the installation's folders
         * @param environment the daemon's own environment: where to find Java, Maven's settings, PATH, HOME
         */
        ServerRuntime create(Folders folders, Map<String, String> environment);
    }

    /** Which runtime {@code runtime: auto} takes: the first one that can run the server. */
    public static final List<String> PREFERENCE = List.of("docker", "process");

    private static final Map<String, Factory> ALL =
            Map.of("docker", DockerRuntime::new, "process", ProcessRuntime::new);

    private Runtimes() {}

    /** The names that {@code runtime:} may have. */
    public static SortedSet<String> names() {
        return new TreeSet<>(ALL.keySet());
    }

    /**
     * Makes the runtime of this name.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public static ServerRuntime create(String name, Folders folders, Map<String, String> environment) {
        Factory factory = ALL.get(name);
        if (factory == null) {
            throw new IllegalArgumentException("there is no runtime '" + name + "'; there is " + names());
        }
        return factory.create(folders, environment);
    }
}
