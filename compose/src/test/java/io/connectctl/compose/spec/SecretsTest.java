package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretsTest {
    @Property(tries = 300)
    void splitAndJoinGiveTheDeclarationBack(
            @ForAll Map<String, String> conf, @ForAll Map<String, String> env, @ForAll String secret) {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        conf.forEach(tree.putObject("conf")::put);
        tree.withObject("/conf").put("spark.my/token~x", "p" + secret);
        env.forEach(tree.putObject("env")::put);
        Declaration declaration = new Declaration(tree, Map.of());

        Secrets.Split split = Secrets.split(declaration);

        assertThat(Secrets.join(split.declaration(), split.secrets())).isEqualTo(declaration);
        assertThat(split.secrets()).containsEntry("/conf/spark.my~1token~0x", "p" + secret);
        assertThat(split.declaration().tree().get("env"))
                .allMatch(value -> value.asText().equals(Secrets.REDACTED));
        assertThat(Secrets.split(split.declaration())).isEqualTo(new Secrets.Split(split.declaration(), Map.of()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "spark.hadoop.fs.s3a.secret.key | x | true",
                "spark.hadoop.fs.s3a.access.key | x | true",
                "spark.ssl.keyPassword | x | true",
                "spark.hadoop.fs.azure.account.key.me.blob.core.windows.net | x | true",
                "spark.sql.catalog.c.url | jdbc:postgresql://me:hunter2@db/x | true",
                "spark.sql.catalog.c.url | jdbc:sqlserver://db;password=hunter2 | true",
                "spark.driver.extraJavaOptions | -Djavax.net.ssl.trustStorePassword=hunter2 | true",
                "spark.x | wasbs://c@a.blob.core.windows.net/?sv=1&sig=abc | true",
                "spark.x | AKIAIOSFODNN7EXAMPLE | true",
                "spark.sql.warehouse.dir | abfss://container@account.dfs.core.windows.net/w | false",
                "spark.security.credentials.hive.enabled | false | false",
                "spark.sql.shuffle.partitions | 8 | false",
                "spark.kerberos.keytab | /etc/x.keytab | false",
                "spark.driver.extraJavaOptions | -XX:+UseG1GC -Dfile.encoding=UTF-8 | false"
            })
    void secretIsKnownByItsKeyOrItsValue(String key, String value, boolean secret) {
        assertThat(Secrets.isSecret(key, value)).isEqualTo(secret);
    }

    @Test
    void joinLeavesReplacedValuesAndUnknownMarkersAlone() {
        Declaration declaration = Declaration.ofJson("{\"env\":{\"A\":\"new\",\"B\":\"" + Secrets.REDACTED + "\"}}");

        assertThat(Secrets.join(declaration, Map.of("/env/A", "old", "/env/C", "gone")))
                .isEqualTo(declaration);
    }

    @Test
    void scrubbedTextHoldsNoSecretButStaysReadable() {
        String scrubbed = Secrets.scrub(
                "INFO url=a.b$c* then hunter22 and hunter2, line two of it, abc",
                List.of("hunter2", "hunter22", "a.b$c*", "INFO", "abc", "first\nline two of it"));

        assertThat(scrubbed).isEqualTo("INFO url=R then R and R, R, abc".replace("R", Secrets.REDACTED));
        assertThat(Secrets.scrub("x", List.of())).isEqualTo("x");
    }

    @Test
    void redactedSpecShowsNoSecretAndItsValuesAreKnown() {
        ServerSpec spec = SpecReader.read(
                        new ServerName("sales"),
                        Declaration.ofJson("{\"conf\":{\"spark.url\":\"jdbc:x://me:hunter2@db\",\"spark.a\":\"1\"},"
                                + "\"env\":{\"DB\":\"swordfish\"}}"))
                .spec()
                .orElseThrow();

        assertThat(Secrets.redact(spec).toString())
                .doesNotContain("hunter2", "swordfish")
                .contains("spark.a=1");
        assertThat(Secrets.valuesOf(spec)).contains("hunter2", "swordfish", "jdbc:x://me:hunter2@db");
        assertThat(Secrets.split(SpecWriter.write(spec)).toString()).doesNotContain("hunter2", "swordfish");
    }
}
