package io.connectctl.manager.client;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How to run one of this tool's own main classes with all its libraries, as a process of its own: by name, so that none of
 * those libraries are on the command line's path.
 */
@FunctionalInterface
public interface ToolProcess {
    /** With the Java and the libraries that this process itself has. */
    ToolProcess OF_THIS_INSTALLATION = new OfThisInstallation();

    /**
     * The command.
     *
     * @param options further options of the JVM
     * @param mainClass its main class
     * @param arguments what it is called with
     */
    List<String> command(List<String> options, String mainClass, List<String> arguments);

    /**
     * The command for one that does its work and ends: what makes a JVM start soon and stay small, and nothing of its libraries' logs.
     *
     * @param heap its largest heap, such as {@code 128m}
     * @param options further options of the JVM
     * @param mainClass its main class
     * @param arguments what it is called with
     */
    default List<String> shortLived(String heap, List<String> options, String mainClass, List<String> arguments) {
        List<String> all = new ArrayList<>(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx" + heap,
                "-Dlogback.configurationFile=io/connectctl/logback-quiet.xml"));
        all.addAll(options);
        return command(all, mainClass, arguments);
    }

    /** No lambda: it is made by every command, and most never use it. */
    final class OfThisInstallation implements ToolProcess {
        private OfThisInstallation() {}

        @Override
        public List<String> command(List<String> options, String mainClass, List<String> arguments) {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            String home = System.getProperty("connectctl.home");
            if (home != null) {
                command.add("-Dconnectctl.home=" + home);
            }
            command.addAll(options);
            command.add("-cp");
            command.add(home != null ? home + "/lib/*" : System.getProperty("java.class.path"));
            command.add(mainClass);
            command.addAll(arguments);
            return command;
        }
    }
}
