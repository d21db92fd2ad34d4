package io.connectctl.manager.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The systemd unit that ran the last daemon of a state folder, kept there as a file. Whoever needs a daemon that died asks systemd for
 * it then: one of our own would hold the state folder, so that systemd's, on its way back, would find it held and give up for good.
 *
 * @param name as {@code connectctl.service}
 * @param user true if the user's systemd runs it, false if the machine's does
 */
public record SystemdUnit(String name, boolean user) {
    private static final String FILE = "daemon.unit";

    /** systemd.unit(5): letters, digits and {@code :-_.\@}; the dash comes first in none that a file would be given. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9:_.\\\\@][A-Za-z0-9:_.\\\\@-]*\\.service");

    private static final Pattern TEXT = Pattern.compile("(user|system) (" + NAME + ")\\n?");

    /**
     * The unit of a process.
     *
     * @param cgroup what its {@code /proc/PID/cgroup} says
     * @return empty if its control group is no unit's that systemd could start again
     */
    public static Optional<SystemdUnit> of(String cgroup) {
        // Version 2 has one line, 0::PATH; version 1 has one for each controller, of which systemd's own is named.
        for (String line : cgroup.split("\n", -1)) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && (parts[1].isEmpty() || parts[1].equals("name=systemd"))) {
                String name = parts[2].substring(parts[2].lastIndexOf('/') + 1);
                if (NAME.matcher(name).matches()) {
                    return Optional.of(new SystemdUnit(name, parts[2].contains("/user@")));
                }
            }
        }
        return Optional.empty();
    }

    /** The unit that ran the last daemon; empty if none did. */
    public static Optional<SystemdUnit> ofLastDaemon(Path state) throws IOException {
        try {
            Matcher text = TEXT.matcher(Files.readString(state.resolve(FILE)));
            return text.matches()
                    ? Optional.of(new SystemdUnit(text.group(2), text.group(1).equals("user")))
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Notes which unit runs the daemon of a state folder; empty for none. */
    public static void note(Path state, Optional<SystemdUnit> unit) throws IOException {
        Path file = state.resolve(FILE);
        if (unit.isEmpty()) {
            Files.deleteIfExists(file);
            return;
        }
        String text = (unit.get().user() ? "user " : "system ") + unit.get().name() + "\n";
        Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** How systemd is asked for something about it, as a command; env looks for systemctl on the PATH that it is given. */
    List<String> command(String verb) {
        List<String> command = new ArrayList<>(List.of("env", "systemctl"));
        if (user) {
            command.add("--user");
        }
        command.addAll(List.of("--no-ask-password", verb, name));
        return command;
    }

    /** The same for people. */
    String advice(String verb) {
        return "systemctl " + (user ? "--user " : "") + verb + " " + name;
    }
}
