package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Secrets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user's template holds in plain text isn't shown, whatever the file's format. */
class RedactionTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "spark-env.sh|export AWS_SECRET_ACCESS_KEY=hunter2/x+y|export AWS_SECRET_ACCESS_KEY=#",
                "spark-env.sh|DB_PASSWORD='hunter2 and more'; export DB_PASSWORD|DB_PASSWORD=#; export DB_PASSWORD",
                "spark-env.sh|MY_TOKEN=\"a \\\"hunter2\\\" b\"'hunter2' next|MY_TOKEN=# next",
                "spark-env.sh|OPTS=\"-Xmx1g -Dspark.x.password=hunter2\"|OPTS=#",
                "spark-env.sh|MY_TOKEN=${OTHER:-hunter2}|MY_TOKEN=#",
                "spark-env.sh|URL=jdbc:postgresql://me:hunter2@db/x|URL=#",
                "spark-env.sh|set -- --conf spark.hadoop.fs.s3a.secret.key=hunter2 --verbose|set -- --conf"
                        + " spark.hadoop.fs.s3a.secret.key=# --verbose",
                "java.options|-Djavax.net.ssl.keyStorePassword=hunter2|-Djavax.net.ssl.keyStorePassword=#",
                "java.options|-Djavax.net.ssl.keyStorePassword=\"hunter2 x\"|-Djavax.net.ssl.keyStorePassword=#",
                "jaas.txt|  password=\"hunter2\";|  password=#;",
                "jaas.txt|  password = hunter2 and more|  password = #",
                "core.json|{\"api_key\": \"hunter2\", \"port\": 15002}|{\"api_key\": #, \"port\": 15002}",
                "core.yaml|token: hunter2|token: #"
            })
    void aSecretIsHidden(String file, String text, String shown) {
        assertThat(shown(file, text)).isEqualTo(shown.replace("#", Secrets.REDACTED));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "spark-env.sh|export SPARK_CONNECT_AUTHENTICATE_TOKEN=\"$(cat /run/token)\"",
                "spark-env.sh|export TOKEN=$OTHER_TOKEN TOKEN2=\"${OTHER_TOKEN}\"",
                "spark-env.sh|TOKEN=",
                "spark-env.sh|[ -n \"$TOKEN\" ] || exit 1 # the token is missing",
                "spark-env.sh|export PATH=/opt/spark/bin:$PATH",
                "java.options|-Xmx1g -Duser.timezone=UTC",
                "notes.txt|the tokens are kept by https://vault.example.org/v1"
            })
    void whatIsNoSecretStays(String file, String text) {
        assertThat(shown(file, text)).isEqualTo(text);
    }

    @Test
    void aValueOverSeveralLinesIsHiddenWhole() {
        assertThat(shown("spark-env.sh", "export MY_SECRET='one\nhunter2\nthree'\nexport A=b\n"))
                .isEqualTo("export MY_SECRET=" + Secrets.REDACTED + "\nexport A=b\n");
        assertThat(shown("key.pem", "before\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\nafter\n"))
                .isEqualTo("before\n" + Secrets.REDACTED + "\nafter\n");
    }

    @Test
    void templatesOfOursAreShownAsTheyAre() {
        Path templates = Path.of("../templates/default");
        assertThat(files(templates)).allSatisfy(file -> {
            String text = read(templates.resolve(file));
            assertThat(shown(file, text)).as(file).isEqualTo(text);
        });
    }

    private static List<String> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> Format.of(file) == Format.SHELL || Format.of(file) == Format.ARGUMENTS)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String shown(String file, String text) {
        return Redaction.of(new RenderedFile(file, text, false), Secrets::isSecret)
                .text();
    }
}
