package io.connectctl.manager.daemon;

import io.connectctl.compose.render.SparkPlace;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.runtime.ServerRuntime;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where Spark lies in images that are here, for {@code connectctl export compose}: a process of its own, with the libraries that the
 * command line does without. Whoever calls it limits it.
 *
 * <p>Arguments: images. Of each that can be looked at it writes a line of words separated by tabs: the image, Spark's home, its bare
 * folder of jars; one of the latter two is empty.
 */
public final class LayoutMain {
    private LayoutMain() {}

    /** Looks at each image in turn. */
    public static void main(String[] images) throws IOException, InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Map<String, String> environment = System.getenv();
        Folders folders = Folders.of(environment, Path.of(System.getProperty("user.home")), PrivateFolder.uid());
        ServerRuntime docker = Runtimes.create("docker", folders, environment);
        for (String image : images) {
            Optional<SparkPlace> seen = docker.sparkPlace(image);
            seen.ifPresent(place -> out.println(image + "\t" + text(place.home()) + "\t" + text(place.jars())));
        }
        // The engine's connections don't keep it, and nothing is left to be said.
        System.exit(0);
    }

    private static String text(Optional<Path> path) {
        return path.map(Path::toString).orElse("");
    }
}
