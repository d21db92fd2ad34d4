package io.connectctl.manager.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.health.doctor.Check;
import io.connectctl.health.doctor.Doctor;
import io.connectctl.manager.api.v1.CheckList;
import io.connectctl.manager.client.Wire;
import io.connectctl.manager.doctor.MachineDoctor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * {@code connectctl doctor}: the process that examines, with the libraries that the command line does without. Whoever calls it limits
 * it: it may be killed at any time.
 *
 * <p>Arguments: {@code url MILLIS}, with the URL as the one line of stdin, since it may hold a token; or {@code machine}. It writes a
 * line as each check begins, {@code begin NAME}, and one as it ends, {@code end} and a {@link CheckList.Entry} as JSON.
 */
public final class DoctorMain {
    private DoctorMain() {}

    /** Examines. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (arguments[0].equals("url")) {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String url = Optional.ofNullable(in.readLine()).orElse("");
            Doctor.examine(
                    url,
                    Optional.ofNullable(System.getenv(Doctor.TOKEN_VARIABLE)),
                    Clock.systemUTC(),
                    Duration.ofMillis(Long.parseLong(arguments[1])),
                    new Teller(out));
        } else {
            machine(out, System.getenv());
        }
        // Netty's threads don't keep it, and nothing is left to be said.
        System.exit(0);
    }

    private static void machine(PrintStream out, Map<String, String> environment)
            throws IOException, InterruptedException {
        Folders folders = Folders.of(environment, Path.of(System.getProperty("user.home")), PrivateFolder.uid());
        Map<String, ServerRuntime> runtimes = new TreeMap<>();
        for (String name : Runtimes.names()) {
            runtimes.put(name, Runtimes.create(name, folders, environment));
        }
        new MachineDoctor(folders, runtimes, Path.of("/proc/meminfo"), environment, new Teller(out)).examine();
    }

    private record Teller(PrintStream out) implements Doctor.Listener {
        @Override
        public void begins(String check) {
            out.println("begin " + check);
        }

        @Override
        public void ended(Check check) {
            try {
                out.println("end "
                        + Wire.mapper()
                                .writeValueAsString(new CheckList.Entry(
                                        check.name(),
                                        check.verdict().name(),
                                        check.code(),
                                        check.detail(),
                                        check.remedy(),
                                        check.took().toMillis())));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a check can't be written", e);
            }
        }
    }
}
